// One soft sound, made here instead of loaded: two short sine tones.

const TONES = [
  { hertz: 659, at: 0 },
  { hertz: 988, at: 0.09 },
];
const LENGTH = 0.35;
const LOUDNESS = 0.08;

let context: AudioContext | undefined;

/** Silent until somebody has used the page once: browsers allow it only then. */
export async function playSound(): Promise<void> {
  if (!('AudioContext' in globalThis) || navigator.userActivation?.hasBeenActive === false) return;
  context ??= new AudioContext();
  await context.resume();
  const start = context.currentTime;
  for (const { hertz, at } of TONES) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, start + at);
    gain.gain.linearRampToValueAtTime(LOUDNESS, start + at + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + at + LENGTH);
    tone.connect(gain).connect(context.destination);
    tone.start(start + at);
    tone.stop(start + at + LENGTH);
  }
}
