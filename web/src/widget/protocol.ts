// What the widget on somebody's page and the chat in its frame say to each other, by postMessage. The widget
// speaks first; the frame takes words from the page around it alone, and answers that page's origin alone.

export interface TellsOfMessage {
  id: string;
  conversationId: string;
  senderId: string;
  senderName: string;
  content: string;
  createdAt: string;
}

/** `auto` follows the visitor's system. */
export type Theme = 'light' | 'dark' | 'auto';

/** From the page to the frame. */
export type ToFrame =
  | { chinwag: 'hello'; isOpen: boolean; theme: Theme }
  | { chinwag: 'open' | 'closed' }
  | { chinwag: 'theme'; theme: Theme }
  | { chinwag: 'token'; token: string }
  | { chinwag: 'no-token'; reason: string };

/** From the frame to the page. */
export type ToPage =
  | { chinwag: 'here' }
  | { chinwag: 'ready' }
  | { chinwag: 'error'; code: string; message: string }
  | { chinwag: 'token?'; reason: 'connect' | 'expired' | 'rejected' }
  | { chinwag: 'unread'; unread: number; mentions: number }
  | { chinwag: 'message'; message: TellsOfMessage }
  | { chinwag: 'close' };
