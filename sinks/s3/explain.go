package s3

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"

	"weir/sinks"
)

// failure is what became of an object that was not stored. Without an answer it
// may be stored all the same, so that no event is to be tried on its own, under
// another name: delivery goes on with the batch as it was.
func (s *Sink) failure(name string, err error) error {
	explained := fmt.Errorf("storing s3://%s/%s: %w", s.config.Bucket, name, s.explain(err))
	if !errors.As(err, new(minio.ErrorResponse)) {
		return fmt.Errorf("%w: %w", sinks.ErrNotConnected, explained)
	}
	return explained
}

// explain says what to do about an error of the client. None of them is the
// events' fault: what an operator can cure is worth another try.
func (s *Sink) explain(err error) error {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		var u *url.Error
		if errors.As(err, &u) {
			return u.Err // without the URL
		}
		return err
	}
	code := answer.Code
	if code == "" {
		code = http.StatusText(answer.StatusCode)
	}
	switch advice := s.advice(answer); {
	case throttles(answer):
		return sinks.Throttled(fmt.Errorf("the service asks to slow down (%s)", code), 0)
	case advice != "":
		return fmt.Errorf("%s (%s)", advice, code)
	default:
		return fmt.Errorf("the service answered %d (%s)", answer.StatusCode, code)
	}
}

func throttles(answer minio.ErrorResponse) bool {
	switch answer.Code {
	case "SlowDown", "SlowDownWrite", "SlowDownRead", "ServiceUnavailable", "TooManyRequests", "RequestLimitExceeded",
		"Throttling", "ThrottlingException", "BandwidthLimitExceeded", "XMinioServerNotInitialized":
		return true
	}
	return answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusServiceUnavailable
}

func (s *Sink) advice(answer minio.ErrorResponse) string {
	switch code := answer.Code; {
	case code == "NoSuchBucket":
		return fmt.Sprintf("there is no bucket %s: create it, or set bucket", s.config.Bucket)
	case code == "AccessDenied" || code == "AllAccessDisabled" || code == "" && answer.StatusCode == http.StatusForbidden:
		return fmt.Sprintf("the key may not write: allow it s3:PutObject on arn:aws:s3:::%s/*", s.config.Bucket)
	case code == "InvalidAccessKeyId", code == "SignatureDoesNotMatch", code == "InvalidToken", code == "ExpiredToken", code == "TokenRefreshRequired":
		return "the credentials are refused: set access_key and secret_key, or the environment's, anew"
	case code == "AuthorizationHeaderMalformed", code == "PermanentRedirect", code == "TemporaryRedirect", code == "IllegalLocationConstraintException":
		return fmt.Sprintf("the bucket is not in %s: set region and endpoint to where it is", s.config.Region)
	case code == "RequestTimeTooSkewed":
		return "the clock of this machine is wrong: set it"
	case code == "InvalidStorageClass":
		return fmt.Sprintf("the service has no storage class %s: set storage_class", s.config.StorageClass)
	case strings.HasPrefix(code, "KMS.") || strings.HasPrefix(code, "InvalidEncryption") || code == "ServerSideEncryptionConfigurationNotFoundError":
		return "the encryption asked for cannot be had: set sse and kms_key"
	case code == "QuotaExceeded", code == "XMinioStorageFull", code == "StorageFull", code == "InsufficientCapacity":
		return "the storage is full"
	}
	return ""
}
