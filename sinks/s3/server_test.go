//go:build unix

package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"weir/edge/toolchain/need"
)

// patience bounds every wait for the server; it is far beyond what it takes.
const patience = 60 * time.Second

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

	process *exec.Cmd     // nil while stopped
	exited  chan struct{} // closed when the process is gone
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
		if s.address, err = freeAddress(); err != nil {
			return nil, err
		}
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

func freeAddress() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// start runs the server on its address until it answers.
func (s *server) start() error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.program, "--access", owner, "--secret", ownerSecret, "--port", s.address, "--quiet", "--iam-dir", filepath.Join(s.dir, "users"),
		"posix", "--sidecar", filepath.Join(s.dir, "metadata"), filepath.Join(s.dir, "objects"))
	cmd.Dir, cmd.Env = s.dir, []string{"HOME=" + s.dir, "PATH=/usr/bin:/bin"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	dieWithParent(cmd.SysProcAttr)
	started, exited := make(chan error), make(chan struct{})
	go func() {
		// On Linux the kernel ties the parent-death signal to the thread that forked.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.exited = cmd, exited
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for !answers(ctx, s.address) {
		select {
		case <-exited:
			s.process = nil
			return fmt.Errorf("the server ended while starting:\n%s", s.log())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the server was not ready after %v:\n%s", patience, s.log()), s.stop())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

func answers(ctx context.Context, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return true
}

// stop ends the server, cutting its clients off.
func (s *server) stop() error {
	if s.process == nil {
		return nil
	}
	process := s.process
	s.process = nil
	if err := process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(patience):
		return errors.New("the server does not end")
	}
}

func (s *server) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
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
