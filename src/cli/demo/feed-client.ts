import { AllotApiError, type AllotClient } from '../../client/client.ts';
import type { FeedApi } from './feed-api.ts';

/** The feed's three calls over HTTP; a refused request ends the demo, because the demo sends none on purpose. */
export const feedApiOf = (client: AllotClient): FeedApi => ({
  async decide(requests) {
    const results = await client.decideBatch(requests);
    return results.map((result) => {
      if ('problem' in result) throw new AllotApiError(result.problem);
      return { decisionId: result.decision.decisionId, action: result.decision.action };
    });
  },
  async expose(events) {
    await client.expose(events);
  },
  async interact(events) {
    await client.interact(events);
  },
});
