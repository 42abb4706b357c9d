// The types of openapi-typescript, used as its users do.
import createClient from 'openapi-fetch';
import type { components, paths } from './types.js';

export async function talk(baseUrl: string): Promise<string> {
  const client = createClient<paths>({ baseUrl });
  const signedIn = await client.POST('/auth/token', {
    body: { username: 'testuser', password: 'TestPassword123' },
    bodySerializer: (body) => new URLSearchParams({ username: body.username, password: body.password }),
  });
  if (!signedIn.data) throw new Error(JSON.stringify(signedIn.error));
  const headers = { authorization: `Bearer ${signedIn.data.access_token}` };
  const made = await client.POST('/conversations', { headers, body: { title: 'Generated', participant_ids: [2] } });
  if (!made.data) throw new Error(JSON.stringify(made.error));
  const path = { conversation_id: made.data.id };
  await client.POST('/conversations/{conversation_id}/messages', { headers, params: { path }, body: { content: 'Hi' } });
  const log = await client.GET('/conversations/{conversation_id}/events', { headers, params: { path } });
  if (!log.data) throw new Error(JSON.stringify(log.error));
  const webhooks = await client.GET('/webhooks', { headers });
  const urls: string[] | undefined = webhooks.data?.map((webhook) => webhook.url);
  if (urls !== undefined) throw new Error('only an administrator has webhooks');
  return log.data.events.map(textOf).join();
}

// Each kind of event is told apart by its type.
function textOf(event: components['schemas']['Event']): string {
  switch (event.type) {
    case 'message':
      return `${event.sender_name}: ${event.content}`;
    case 'message_edited':
      return `${event.message_id}: ${event.content}`;
    case 'participant_added':
      return event.username;
    default:
      return event.type;
  }
}
