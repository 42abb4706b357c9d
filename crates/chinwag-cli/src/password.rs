//! Where a password comes from: stdin for scripts, the terminal for people, or a generator.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::failure::{Exit, Failure};

/// Letters and digits that are hard to confuse: 32 of them, so that 5 bits choose one.
const ALPHABET: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyzA";
/// Groups of five: 100 bits in all.
const GROUPS: usize = 4;
const GROUP_LETTERS: usize = 5;

#[derive(Debug, clap::Args)]
pub(crate) struct NewPassword {
    /// Read the password from the first line of stdin
    #[arg(long)]
    password_stdin: bool,
    /// Make a password and print it
    #[arg(long, conflicts_with = "password_stdin")]
    generate_password: bool,
}

/// A password for an account.
pub(crate) struct Chosen {
    pub(crate) password: String,
    /// Whether the password was generated, so nobody has seen it yet.
    pub(crate) is_generated: bool,
}

impl NewPassword {
    /// Reads a password, generates one, or asks for one twice.
    pub(crate) fn choose(&self) -> Result<Chosen, Failure> {
        if self.generate_password {
            return Ok(Chosen { password: generate(), is_generated: true });
        }
        let password = if self.password_stdin { from_stdin()? } else { ask_twice()? };
        Ok(Chosen { password, is_generated: false })
    }
}

/// The first line of stdin, without its line end.
pub(crate) fn from_stdin() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::new(Exit::Io, format!("can't read the password from stdin: {error}")))?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(Failure::new(Exit::Usage, "there is no password on stdin")
            .fix("pipe it in, for example from a file: … --password-stdin < password.txt"));
    }
    Ok(password.to_owned())
}

/// Asks for an existing password.
pub(crate) fn ask(prompt: &str) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, "there is no terminal to ask for the password")
            .fix("add --password-stdin and pipe the password in"));
    }
    rpassword::prompt_password(prompt)
        .map_err(|error| Failure::new(Exit::Io, format!("can't ask for the password: {error}")))
}

fn ask_twice() -> Result<String, Failure> {
    let password = ask("Password: ")?;
    if ask("The same again: ")? == password {
        Ok(password)
    } else {
        Err(Failure::new(Exit::Usage, "the two passwords differ").fix("try again"))
    }
}

fn generate() -> String {
    let bytes: [u8; GROUPS * GROUP_LETTERS] = rand::random();
    let letters: Vec<char> = bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)).copied().map(char::from))
        .collect();
    let groups: Vec<String> = letters.chunks(GROUP_LETTERS).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_is_long_and_new_each_time() {
        let password = generate();
        assert_eq!(password.len(), 23, "{password}");
        assert_ne!(password, generate());
    }
}
