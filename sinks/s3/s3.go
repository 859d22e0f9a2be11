package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/encrypt"

	"weir/sinks"
)

// Sink stores each batch as an object, or as one for each place that its events
// belong in.
type Sink struct {
	config   Config
	endpoint *url.URL
	template template
	kind     kind
	put      minio.PutObjectOptions
	encoders sync.Pool // of *buffered

	connection atomic.Pointer[connection] // nil while closed
}

// buffered is an encoder and where it encodes to.
type buffered struct {
	encoder
	content bytes.Buffer
}

// keep bounds the memory that an idle encoder holds on to.
const keep = 64 << 20

func newSink(c Config) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Compression == "auto" {
		c.Compression = "gzip"
		if c.Format == parquetName {
			c.Compression = "zstd"
		}
	}
	s := &Sink{config: c, kind: kindOf(c.Format, c.Compression)}
	var err error
	if s.template, err = parseTemplate(c.Name); err != nil {
		return nil, fmt.Errorf("name: %w", err)
	}
	if s.endpoint, err = url.Parse(c.Endpoint); err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	s.put = minio.PutObjectOptions{
		ContentType:      s.kind.contentType,
		StorageClass:     c.StorageClass,
		SendContentMd5:   true, // what arrives changed is refused
		DisableMultipart: true, // one request: the object is there as a whole or not at all
	}
	switch c.SSE {
	case "AES256":
		s.put.ServerSideEncryption = encrypt.NewSSE()
	case "aws:kms":
		if s.put.ServerSideEncryption, err = encrypt.NewSSEKMS(c.KMSKey, nil); err != nil {
			return nil, fmt.Errorf("kms_key: %w", err)
		}
	}
	return s, nil
}

// Limits bounds a batch and says how many Writes may run at a time.
func (s *Sink) Limits() sinks.Limits {
	return sinks.Limits{Events: s.config.Events, Bytes: int(s.config.Bytes), InFlight: s.config.InFlight}
}

// Open prepares a client. There is no connection to hold: each request finds its own.
func (s *Sink) Open(context.Context) error {
	if s.connection.Load() != nil {
		return nil
	}
	c, err := s.connect()
	if err != nil {
		return fmt.Errorf("opening s3://%s: %w", s.config.Bucket, err)
	}
	s.connection.Store(c)
	return nil
}

// Write stores the batch. Of several objects some may be stored when it fails;
// the same batch, written again, overwrites them with the same bytes.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	c := s.connection.Load()
	if c == nil {
		return sinks.ErrNotConnected
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	buf, err := s.encoder()
	if err != nil {
		return err
	}
	defer func() {
		if buf.content.Cap() <= keep {
			s.encoders.Put(buf)
		}
	}()
	var failed []sinks.EventError
	for _, o := range s.template.partition(b) {
		rejected, err := buf.encode(b, o)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", s.config.Format, err)
		}
		failed = append(failed, rejected...)
		if len(rejected) == len(o.events) {
			continue
		}
		name := s.template.name(o.place, o.first, b.ID) + s.kind.suffix
		if err := s.store(ctx, c.client, name, buf.content.Bytes()); err != nil {
			return s.failure(name, err)
		}
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return nil
}

// store writes an object. Without TLS the client would sign the content while it
// is sent, and goes on after the request has ended: what is signed is the hash of
// it all instead.
func (s *Sink) store(ctx context.Context, client *minio.Core, name string, content []byte) error {
	body, size := bytes.NewReader(content), int64(len(content))
	if s.endpoint.Scheme == "https" {
		_, err := client.Client.PutObject(ctx, s.config.Bucket, name, body, size, s.put)
		return err
	}
	put, sum, check := s.put, sha256.Sum256(content), md5.Sum(content)
	put.DisableContentSha256 = true // of chunks
	_, err := client.PutObject(ctx, s.config.Bucket, name, body, size, base64.StdEncoding.EncodeToString(check[:]), hex.EncodeToString(sum[:]), put)
	return err
}

// encode fills the buffer with an object and returns the events that cannot be part of it.
func (buf *buffered) encode(b sinks.Batch, o object) (rejected []sinks.EventError, err error) {
	buf.content.Reset()
	buf.begin(&buf.content)
	for _, i := range o.events {
		e := b.Events[i]
		err := sinks.CheckLine(e.Envelope)
		if err == nil {
			err = buf.add(e)
		}
		if err != nil {
			rejected = append(rejected, sinks.EventError{Index: i, Err: err, Permanent: true})
		}
	}
	return rejected, buf.end()
}

func (s *Sink) encoder() (*buffered, error) {
	if buf, ok := s.encoders.Get().(*buffered); ok {
		return buf, nil
	}
	if s.config.Format == parquetName {
		return &buffered{encoder: newTable(s.config.Compression, s.config.Decimals, rowGroup)}, nil
	}
	l, err := newLines(s.config.Format, s.config.Compression)
	if err != nil {
		return nil, err
	}
	return &buffered{encoder: l}, nil
}

// Close lets go of idle connections.
func (s *Sink) Close(context.Context) error {
	if c := s.connection.Swap(nil); c != nil {
		c.transport.CloseIdleConnections()
	}
	return nil
}
