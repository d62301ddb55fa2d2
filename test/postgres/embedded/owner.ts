// A process of its own that uses the embedded server of a folder: prints the server, then waits for "stop" or a kill.
import { startEmbeddedPostgres } from '../../../src/postgres/embedded/supervisor.ts';

const server = await startEmbeddedPostgres({ directory: process.argv[2], isDurable: false });
process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid })}\n`);
process.stdin.once('data', () => void server.stop().then(() => process.exit(0)));
