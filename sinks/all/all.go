// Package all registers every kind of sink. Its imports are the list of what is
// in the binary.
package all

import (
	_ "weir/sinks/blackhole"
	_ "weir/sinks/clickhouse"
	_ "weir/sinks/file"
	_ "weir/sinks/http"
	_ "weir/sinks/kafka"
	_ "weir/sinks/mqtt"
	_ "weir/sinks/mysql"
	_ "weir/sinks/nats"
	_ "weir/sinks/postgres"
	_ "weir/sinks/rabbitmq"
	_ "weir/sinks/redis"
	_ "weir/sinks/s3"
	_ "weir/sinks/sqlite"
	_ "weir/sinks/stdout"
)
