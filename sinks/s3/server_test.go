//go:build unix

package s3

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"weir/edge/toolchain/need"
	"weir/sinks/sinktest/daemon"
)

// The keys of the server's owner, and of the sinks.
const (
	owner, ownerSecret   = "owner", "owner-secret"
	writer, writerSecret = "writer", "writer-secret"
)

// server is a Versity gateway: an S3 server that keeps objects as files.
type server struct {
	program string
	dir     string
	address string
	buckets atomic.Int64

	process *daemon.Process // nil while stopped
}

// shared is the one server of this package's tests; see TestMain.
var shared struct {
	once sync.Once
	*server
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if s := shared.server; s != nil {
		if err := errors.Join(s.stop(), os.RemoveAll(s.dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// start returns the running server. On a machine without one the test is
// skipped by name, or fails if WEIR_REQUIRE asks for it.
func start(t testing.TB) *server {
	t.Helper()
	program := need.Tool(t, "versitygw")
	shared.once.Do(func() { shared.server, shared.err = launch(program) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

func launch(program string) (*server, error) {
	dir, err := os.MkdirTemp("", "weir-s3-")
	if err != nil {
		return nil, err
	}
	s := &server{program: program, dir: dir}
	for _, name := range []string{"objects", "metadata", "users"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	// The port is free when it is chosen and may be taken a moment later.
	for range 5 {
		port, err := daemon.FreePort()
		if err != nil {
			return nil, err
		}
		s.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if err = s.start(); err == nil {
			break
		}
	}
	if err == nil {
		err = s.admin("create-user", "--access", writer, "--secret", writerSecret, "--role", "user")
	}
	if err != nil {
		return nil, errors.Join(err, s.stop(), os.RemoveAll(dir))
	}
	return s, nil
}

// start runs the server on its address until it answers.
func (s *server) start() (err error) {
	cmd := exec.Command(s.program, "--access", owner, "--secret", ownerSecret, "--port", s.address, "--quiet", "--iam-dir", filepath.Join(s.dir, "users"),
		"posix", "--sidecar", filepath.Join(s.dir, "metadata"), filepath.Join(s.dir, "objects"))
	cmd.Dir, cmd.Env = s.dir, []string{"HOME=" + s.dir, "PATH=/usr/bin:/bin"}
	s.process, err = daemon.StartAsking(cmd, func() error {
		response, err := http.Get("http://" + s.address + "/")
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	return err
}

// stop ends the server, cutting its clients off.
func (s *server) stop() error {
	if s.process == nil {
		return nil
	}
	process := s.process
	s.process = nil
	return process.Stop(syscall.SIGKILL)
}

func (s *server) admin(args ...string) error {
	args = append([]string{"admin", "--access", owner, "--secret", ownerSecret, "--endpoint-url", "http://" + s.address}, args...)
	if out, err := exec.Command(s.program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("versitygw %s: %w\n%s", strings.Join(args[7:], " "), err, out)
	}
	return nil
}

// client is the owner's.
func (s *server) client(t testing.TB) *minio.Client {
	t.Helper()
	client, err := minio.New(s.address, &minio.Options{Creds: credentials.NewStaticV4(owner, ownerSecret, ""), Region: "us-east-1", BucketLookup: minio.BucketLookupPath})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// bucket makes an empty bucket into which writer may write and no more.
func (s *server) bucket(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.buckets.Add(1))
	client := s.client(t)
	if err := client.MakeBucket(t.Context(), name, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":[%q]},"Action":["s3:PutObject","s3:AbortMultipartUpload"],"Resource":["arn:aws:s3:::%s/*"]}]}`, writer, name)
	if err := client.SetBucketPolicy(t.Context(), name, policy); err != nil {
		t.Fatal(err)
	}
	return name
}
