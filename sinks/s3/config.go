// Package s3 is the sink that stores events as objects in a bucket: of Amazon
// S3, and of everything that speaks its protocol.
package s3

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"

	"weir/sinks"
	"weir/sinks/format"
)

func init() {
	sinks.Register(sinks.Kind{
		Name: "s3",
		Doc:  "Stores events as objects in a bucket of Amazon S3, R2, Google Cloud Storage, MinIO or another that speaks S3, as lines or Parquet.",
		Config: func() any {
			return &Config{
				Endpoint: "https://s3.amazonaws.com", Region: "us-east-1", Name: "{verdict}/date={date}/hour={hour}/{time}-{batch}",
				Format: "envelope", Compression: "auto", Decimals: "double", SSE: "none", Events: 50_000, Bytes: 32 << 20, InFlight: 2,
			}
		},
		New: func(config any, _ sinks.Env) (sinks.Sink, error) { return newSink(*config.(*Config)) },
	})
}

// Config is the configuration of the sink.
type Config struct {
	Endpoint     string       `yaml:"endpoint" doc:"URL of the service: https, or http with insecure."`
	Region       string       `yaml:"region" doc:"Region of the bucket: auto for R2."`
	Bucket       string       `yaml:"bucket" required:"true" doc:"The bucket, which must exist."`
	AccessKey    sinks.Secret `yaml:"access_key" doc:"Access key id. Empty, with secret_key: the environment (AWS_ACCESS_KEY_ID, …), the shared credentials file, or the machine's role."`
	SecretKey    sinks.Secret `yaml:"secret_key" doc:"Secret access key."`
	PathStyle    bool         `yaml:"path_style" doc:"Name the bucket in the path of every request. Otherwise it is in the host's name at Amazon, Google and Alibaba, and in the path elsewhere."`
	Insecure     bool         `yaml:"insecure" doc:"Allow an endpoint of plain http. It may only be at a loopback or private address."`
	CA           string       `yaml:"ca" doc:"PEM file of the authorities that sign the endpoint's certificate. The system's when not given."`
	Name         string       `yaml:"name" doc:"Template of the objects' names, without what their format adds: text and {date} {year} {month} {day} {hour} {verdict} {time} {batch}. Times are the collector's, in UTC. It ends with {batch}."`
	Format       string       `yaml:"format" enum:"envelope,flat,analytics,tsv,parquet" doc:"What an object holds: an event a line as envelope, flat object, Snowplow analytics JSON or enriched TSV, or a Parquet file of the canonical columns."`
	Compression  string       `yaml:"compression" enum:"auto,gzip,zstd,none" doc:"Compression of lines, or of a Parquet file's pages. auto: gzip for lines, zstd for Parquet."`
	Decimals     string       `yaml:"decimals" enum:"double,text" doc:"How Parquet holds decimals: double, the nearest of 64 bits, or text, the digits as sent."`
	StorageClass string       `yaml:"storage_class" doc:"Storage class of the objects, such as STANDARD_IA. Empty: the bucket's."`
	SSE          string       `yaml:"sse" enum:"none,AES256,aws:kms" doc:"Encryption at the server that is asked for by name; none leaves it to the bucket."`
	KMSKey       string       `yaml:"kms_key" doc:"Id or ARN of the key for aws:kms. Empty: the service's own key."`
	Events       int          `yaml:"events" doc:"Most events in a batch. The route's own batch settings have to be as large for objects to become so."`
	Bytes        sinks.Size   `yaml:"bytes" doc:"Most bytes of envelopes in a batch, which is held in memory."`
	InFlight     int          `yaml:"in_flight" doc:"Batches written at a time."`
}

var (
	validBucket = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9]$`)
	validName   = regexp.MustCompile(`^[A-Z0-9_]{0,64}$`)
)

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch u, err := url.Parse(c.Endpoint); {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil:
		report("endpoint: not a URL of a scheme and a host alone, such as https://s3.eu-central-1.amazonaws.com")
	case u.Scheme == "http" && !c.Insecure:
		report("endpoint: plain http needs insecure: true, and a loopback or private address")
	}
	if c.Bucket == "" {
		report("bucket: required")
	} else if !validBucket.MatchString(c.Bucket) {
		report("bucket: %q is not the name of a bucket: 3 to 63 letters, digits, dots and dashes", c.Bucket)
	}
	if (c.AccessKey == "") != (c.SecretKey == "") {
		report("access_key, secret_key: give both, or neither to take them from the environment")
	}
	if _, err := parseTemplate(c.Name); err != nil {
		report("name: %w", err)
	}
	if !slices.Contains(append(slices.Clone(format.Names), parquetName), c.Format) {
		report("format: %q is none of envelope, flat, analytics, tsv, parquet", c.Format)
	}
	if !slices.Contains([]string{"auto", "gzip", "zstd", "none"}, c.Compression) {
		report("compression: %q is none of auto, gzip, zstd, none", c.Compression)
	}
	if c.Decimals != "double" && c.Decimals != "text" {
		report("decimals: %q is none of double, text", c.Decimals)
	}
	if !validName.MatchString(c.StorageClass) {
		report("storage_class: %q is not the name of a class, such as STANDARD_IA", c.StorageClass)
	}
	if !slices.Contains([]string{"none", "AES256", "aws:kms"}, c.SSE) {
		report("sse: %q is none of none, AES256, aws:kms", c.SSE)
	}
	if c.KMSKey != "" && c.SSE != "aws:kms" {
		report("kms_key: is for sse: aws:kms")
	}
	if c.Events <= 0 || c.Bytes <= 0 || c.InFlight <= 0 {
		report("events, bytes, in_flight: must be above 0")
	}
	return errors.Join(errs...)
}

// authorities reads the CA file; nil without one.
func (c *Config) authorities() (*x509.CertPool, error) {
	if c.CA == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca: %s holds no PEM certificate", c.CA)
	}
	return pool, nil
}
