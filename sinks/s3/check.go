package s3

import (
	"context"
	"fmt"
	"time"

	"github.com/minio/minio-go/v7"
)

// Check begins an upload in parts and gives it up: that needs the bucket and
// the permission to write objects of such a name, storage class and encryption, and
// leaves neither an object nor a version of one.
func (s *Sink) Check(ctx context.Context) error {
	c, err := s.connect()
	if err != nil {
		return fmt.Errorf("checking s3://%s: %w", s.config.Bucket, err)
	}
	defer c.transport.CloseIdleConnections()
	name := s.template.name(place{verdict: "good"}, time.Unix(0, 0), "check") + s.kind.suffix
	options := minio.PutObjectOptions{ContentType: s.put.ContentType, StorageClass: s.put.StorageClass, ServerSideEncryption: s.put.ServerSideEncryption}
	upload, err := c.client.NewMultipartUpload(ctx, s.config.Bucket, name, options)
	if err != nil {
		return fmt.Errorf("checking s3://%s: %w", s.config.Bucket, s.explain(err))
	}
	if err := c.client.AbortMultipartUpload(ctx, s.config.Bucket, name, upload); err != nil {
		return fmt.Errorf("checking s3://%s: giving up the upload %s of %s, which is left behind: allow s3:AbortMultipartUpload: %w",
			s.config.Bucket, upload, name, s.explain(err))
	}
	return nil
}
