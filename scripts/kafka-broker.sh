#!/usr/bin/env bash
# A real Kafka broker (KRaft), alone or one of several, for tests, from Maven Central jars. Needs Java 17 and Maven.
#   kafka-broker.sh fetch | start | stop | kill | status
# `start` prints the bootstrap address on standard output; everything else goes to standard error.
#   KAFKA_VERSION  3.9.2 (4.0.2 and 4.4.0 work too)
#   KAFKA_PORT     client port on 127.0.0.1 (19092); the controller listens on KAFKA_CPORT (KAFKA_PORT + 1)
#   KAFKA_RUN      folder for data, pid and logs of this broker (${TMPDIR:-/tmp}/allot-kafka-$KAFKA_PORT)
#   KAFKA_SECURE_PORT  a second client port with TLS and SASL (plain, scram-sha-256, scram-sha-512; user allot, password
#                  allot-secret) and a self-signed certificate for 127.0.0.1, in KAFKA_RUN/tls/certificate.pem (needs openssl)
#   KAFKA_NODE_ID, KAFKA_VOTERS, KAFKA_CLUSTER_ID   one of several brokers: its id (1), the controllers of all as
#                  id@host:port,… and one cluster id for all (22 characters of URL-safe base64). Start them at the same time:
#                  none is ready alone. With three voters everything is kept three times, and two copies confirm a send.
#   KAFKA_KEEP=1   start again on the data of the last run
#   ALLOT_CACHE    where the jars are kept, in kafka/<version> (.cache of the repository)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${KAFKA_VERSION:-3.9.2}
cache=${ALLOT_CACHE:-$here/../.cache}/kafka
port=${KAFKA_PORT:-19092}
cport=${KAFKA_CPORT:-$((port + 1))}
run=${KAFKA_RUN:-${TMPDIR:-/tmp}/allot-kafka-$port}
node=${KAFKA_NODE_ID:-1}
voters=${KAFKA_VOTERS:-$node@127.0.0.1:$cport}
secure_port=${KAFKA_SECURE_PORT:-}
jars=$cache/$version
pid_file=$run/broker.pid
say() { printf '%s\n' "$*" >&2; }

# True when the pid file names a live process that is this broker: a pid alone may have been given away again.
is_alive() {
  [ -s "$pid_file" ] && pid=$(<"$pid_file") && kill -0 "$pid" 2>/dev/null &&
    ps -o args= -p "$pid" 2>/dev/null | grep -qF -- "$run/server.properties"
}

fetch() {
  [ -e "$jars/.complete" ] && return 0
  mkdir -p "$cache"
  # Each caller fetches into a folder of its own and the first rename wins, so no lock is needed.
  local part
  part=$(mktemp -d "$cache/.part.XXXXXX")
  say "fetching Kafka $version into $jars"
  mvn -B -q -f "$here/kafka/pom.xml" -Dkafka.version="$version" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$(cd "$part" && pwd)" >&2 || { rm -rf "$part"; return 1; }
  touch "$part/.complete"
  chmod 755 "$part"
  [ -e "$jars/.complete" ] || mv -T "$part" "$jars" 2>/dev/null || true
  rm -rf "$part"
  [ -e "$jars/.complete" ]
}

write_properties() {
  local commas=${voters//[!,]/} copies insync listeners advertised
  copies=$((${#commas} + 1))
  insync=$((copies > 2 ? 2 : 1))
  advertised=PLAINTEXT://127.0.0.1:$port${secure_port:+,SECURE://127.0.0.1:$secure_port}
  listeners=$advertised,CONTROLLER://127.0.0.1:$cport
  cat >"$run/server.properties" <<P
node.id=$node
process.roles=broker,controller
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=$listeners
advertised.listeners=$advertised
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
inter.broker.listener.name=PLAINTEXT
log.dirs=$run/data
num.network.threads=2
num.io.threads=4
auto.create.topics.enable=false
default.replication.factor=$copies
min.insync.replicas=$insync
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$insync
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.backoff.ms=500
P
  [ -z "$secure_port" ] || write_secure_properties
}

secure_user=allot
secure_password=allot-secret
write_secure_properties() {
  local modules=org.apache.kafka.common.security scram
  mkdir -p "$run/tls"
  if [ ! -e "$run/tls/server.pem" ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' \
      -keyout "$run/tls/key.pem" -out "$run/tls/certificate.pem" 2>/dev/null
    cat "$run/tls/key.pem" "$run/tls/certificate.pem" >"$run/tls/server.pem"
  fi
  {
    echo "listener.name.secure.ssl.keystore.type=PEM"
    echo "listener.name.secure.ssl.keystore.location=$run/tls/server.pem"
    echo "listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"
    echo "listener.name.secure.plain.sasl.jaas.config=$modules.plain.PlainLoginModule required user_$secure_user=\"$secure_password\";"
    for scram in scram-sha-256 scram-sha-512; do
      echo "listener.name.secure.$scram.sasl.jaas.config=$modules.scram.ScramLoginModule required;"
    done
  } >>"$run/server.properties"
}

start() {
  if is_alive; then
    say "already running, pid $(<"$pid_file")"
    echo "127.0.0.1:$port"
    return 0
  fi
  fetch
  [ "${KAFKA_KEEP:-0}" = 1 ] || rm -rf "$run/data" "$run/broker.log" "$run/format.log"
  mkdir -p "$run/data"
  run=$(cd "$run" && pwd)
  pid_file=$run/broker.pid
  write_properties
  local class_path log_level id pid i mechanism
  class_path="$(cd "$jars" && pwd)/*"
  # 3.9 logs through slf4j, 4.x through log4j2: each ignores the other's setting.
  log_level="-Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dlog4j2.disableJmx=true"
  if [ ! -e "$run/data/meta.properties" ]; then
    # A cluster id is 16 bytes in URL-safe base64; a leading '-' would be read as an option.
    id=${KAFKA_CLUSTER_ID:-A$(head -c16 /dev/urandom | base64 | tr '+/' '-_' | cut -c2-22)}
    local users=()
    for mechanism in SCRAM-SHA-256 SCRAM-SHA-512; do
      [ -z "$secure_port" ] || users+=(--add-scram "$mechanism=[name=$secure_user,password=$secure_password]")
    done
    java -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$class_path" $log_level \
      kafka.tools.StorageTool format -t "$id" -c "$run/server.properties" "${users[@]}" >"$run/format.log" 2>&1 ||
      { cat "$run/format.log" >&2; return 1; }
  fi
  # A session of its own: a Ctrl-C at the caller's terminal must not reach the broker before its tests end.
  setsid java -Xms256m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true \
    -cp "$class_path" $log_level kafka.Kafka "$run/server.properties" >>"$run/broker.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$pid_file"
  for ((i = 0; i < 600; i++)); do
    kill -0 "$pid" 2>/dev/null ||
      { say "the broker died:"; tail -30 "$run/broker.log" >&2; rm -f "$pid_file"; return 1; }
    if answers; then
      say "ready: Kafka $version, pid $pid"
      echo "127.0.0.1:$port"
      return 0
    fi
    sleep 0.1
  done
  say "the broker was not ready after 60 s:"
  tail -30 "$run/broker.log" >&2
  kill -9 "$pid"
  return 1
}

# An ApiVersions v0 request (correlation id 7) gets its answer on the client port.
answers() (
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
  printf '\0\0\0\x0b\0\x12\0\0\0\0\0\x07\0\x01p' >&3
  [ "$(timeout 2 head -c8 <&3 | od -An -tx1 | tr -d ' \n' | cut -c9-16)" = 00000007 ]
) 2>/dev/null

stop() { # $1 = signal
  local pid i
  if ! is_alive; then
    say "not running"
    rm -f "$pid_file"
    return 0
  fi
  pid=$(<"$pid_file")
  kill "-$1" "$pid"
  for ((i = 0; i < 200; i++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  if kill -0 "$pid" 2>/dev/null; then
    say "still there after 20 s, killing"
    kill -9 "$pid"
  fi
  rm -f "$pid_file"
  say "stopped $pid"
}

status() {
  if ! is_alive; then echo stopped; return 3; fi
  echo "running, pid $(<"$pid_file"), 127.0.0.1:$port"
  answers || { echo "not answering"; return 2; }
}

case "${1:-}" in
fetch) fetch ;;
start) start ;;
stop) stop TERM ;;
kill) stop KILL ;;
status) status ;;
*) say "usage: $0 fetch|start|stop|kill|status"; exit 64 ;;
esac
