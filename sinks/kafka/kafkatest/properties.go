//go:build unix

package kafkatest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"weir/sinks/sinktest/authority"
)

// A broker's logger says readyLine once it serves.
const (
	readyLogger = "kafka.server.KafkaRaftServer"
	readyLine   = "Kafka Server started"
)

// cluster is the id of every cluster: none knows of another.
const cluster = "d2VpcndlaXJ3ZWlyd2Vpcg"

func (b *broker) properties() string { return filepath.Join(b.dir, "server.properties") }

// format writes a broker's configuration and prepares its directory.
func (c *Cluster) format(b *broker) error {
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return fmt.Errorf("creating the directory of broker %d: %w", b.id, err)
	}
	var voters []string
	for _, v := range c.brokers {
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", v.id, v.ports[3]))
	}
	const listener = "listener.name."
	lines := []string{
		"process.roles=broker,controller",
		fmt.Sprintf("node.id=%d", b.id),
		"controller.quorum.voters=" + strings.Join(voters, ","),
		"controller.listener.names=CONTROLLER",
		"inter.broker.listener.name=PLAIN",
		"listener.security.protocol.map=PLAIN:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,CONTROLLER:PLAINTEXT",
		fmt.Sprintf("listeners=PLAIN://127.0.0.1:%d,SASL://127.0.0.1:%d,TLS://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d", b.ports[0], b.ports[1], b.ports[2], b.ports[3]),
		"log.dirs=" + filepath.Join(b.dir, "data"),
		"auto.create.topics.enable=false",
		"num.network.threads=2", "num.io.threads=2", "background.threads=2", "log.cleaner.dedupe.buffer.size=2097152",
		"offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1",
		"group.initial.rebalance.delay.ms=0",
		"broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500", // how soon a killed broker may come back

		"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users=User:ANONYMOUS;User:CN=client",

		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		fmt.Sprintf(listener+`sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%[1]s="%[1]s" user_%[2]s="%[2]s";`, Writer, Limited),
		listener + "sasl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		listener + "sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",

		listener + "tls.ssl.keystore.type=PEM", listener + "tls.ssl.keystore.location=" + filepath.Join(c.root, "broker.pem"),
		listener + "tls.ssl.truststore.type=PEM", listener + "tls.ssl.truststore.location=" + c.files.CA,
		listener + "tls.ssl.client.auth=required",
	}
	if err := os.WriteFile(b.properties(), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("configuring broker %d: %w", b.id, err)
	}
	if out, err := c.command(b, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", b.properties()).CombinedOutput(); err != nil {
		return fmt.Errorf("formatting the storage of broker %d: %w\n%s", b.id, err, out)
	}
	return nil
}

// certify makes certificates for brokers and clients.
func (c *Cluster) certify() error {
	if err := authority.Write(c.root); err != nil {
		return fmt.Errorf("making certificates: %w", err)
	}
	in := func(name string) string { return filepath.Join(c.root, name) }
	c.files = Files{CA: in("ca.pem"), Cert: in("client.pem"), Key: in("client.key")}
	// Kafka wants key and chain in one file.
	var all []byte
	for _, name := range []string{"server.key", "server.pem", "ca.pem"} {
		text, err := os.ReadFile(in(name))
		if err != nil {
			return fmt.Errorf("making certificates: %w", err)
		}
		all = append(all, text...)
	}
	if err := os.WriteFile(in("broker.pem"), all, 0o600); err != nil {
		return fmt.Errorf("making certificates: %w", err)
	}
	return nil
}

// command prepares one of Kafka's programs, with little memory and compiled in a hurry.
func (c *Cluster) command(b *broker, class string, args ...string) *exec.Cmd {
	cmd := exec.Command(c.java, append([]string{
		"-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"-Djava.io.tmpdir=" + b.dir, // where compression unpacks its libraries
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-Dorg.slf4j.simpleLogger.log." + readyLogger + "=info",
		"-cp", filepath.Join(c.jars, "*"), class,
	}, args...)...)
	cmd.Dir = b.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + b.dir, "LC_ALL=C.UTF-8"}
	return cmd
}
