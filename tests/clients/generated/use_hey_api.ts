// The client of @hey-api/openapi-ts, used as its users do.
import { client } from './client/client.gen.js';
import { createConversation, listEvents, listWebhooks, sendMessage, signIn } from './client/index.js';

export async function talk(baseUrl: string): Promise<string> {
  client.setConfig({ baseUrl });
  const signedIn = await signIn({ body: { username: 'testuser', password: 'TestPassword123' } });
  if (!signedIn.data) throw new Error(JSON.stringify(signedIn.error));
  client.setConfig({ baseUrl, auth: signedIn.data.access_token });
  const made = await createConversation({ body: { title: 'Generated', participant_ids: [2] } });
  if (!made.data) throw new Error(JSON.stringify(made.error));
  const path = { conversation_id: made.data.id };
  await sendMessage({ path, body: { content: 'Hi' } });
  const log = await listEvents({ path });
  if (!log.data) throw new Error(JSON.stringify(log.error));
  const { data } = await listWebhooks();
  const urls: string[] | undefined = data?.map((webhook) => webhook.url);
  if (urls !== undefined) throw new Error('only an administrator has webhooks');
  return log.data.events.map((event) => (event.type === 'message' ? `${event.sender_name}: ${event.content}` : event.type)).join();
}
