import { connect } from 'node:tls';
import type { KafkaConfig } from '../config/config.ts';

const PROBE_MS = 2_000;

/**
 * What a person can do about brokers that cannot be used, or null: the client tries on for ever, so without this a wrong
 * setting looks like an outage.
 *
 * @param said the client's last complaint, and the error it ended with
 */
export async function adviceFor(config: KafkaConfig, said: string): Promise<string | null> {
  for (const [pattern, advice] of complaints) if (pattern.test(said)) return advice;
  if (!config.ssl && (await someSpeakTls(config.brokers)))
    return 'the brokers speak TLS at this address: set KAFKA_SSL=true, or name their plaintext listener in KAFKA_BROKERS';
  return null;
}

const complaints: readonly (readonly [RegExp, string])[] = [
  [
    /mechanism is not supported/i,
    'the brokers do not know this KAFKA_SASL_MECHANISM, or KAFKA_BROKERS names a listener without log-in',
  ],
  [
    /sasl|authentication failed|invalid username or password/i,
    'the brokers refused the log-in: look at KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM',
  ],
  [
    /self.signed|unable to (verify|get)|issuer certificate/i,
    'the brokers’ certificate is not signed by an authority known here: name its PEM file in KAFKA_SSL_CA',
  ],
  [
    /altname|does not match certificate/i,
    'the brokers’ certificate is for another name: use the name it is for in KAFKA_BROKERS and advertised.listeners',
  ],
  [
    /wrong version number|before secure TLS connection|EPROTO/i,
    'the brokers do not speak TLS at this address: look at KAFKA_SSL and at the port in KAFKA_BROKERS',
  ],
];

async function someSpeakTls(brokers: readonly string[]): Promise<boolean> {
  return (await Promise.all(brokers.map(speaksTls))).includes(true);
}

/** A handshake tells; nothing is sent after it, so it does not matter whose certificate it is. */
function speaksTls(broker: string): Promise<boolean> {
  const at = broker.lastIndexOf(':');
  const host = broker.slice(0, at);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(broker.slice(at + 1)), rejectUnauthorized: false });
    const finish = (does: boolean) => (): void => {
      socket.destroy();
      resolve(does);
    };
    socket.setTimeout(PROBE_MS, finish(false));
    socket.once('secureConnect', finish(true)).once('error', finish(false)).once('close', finish(false));
  });
}
