package deploy_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
)

const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// instructions are the lines of a Dockerfile, as words.
func instructions(t *testing.T) (list [][]string) {
	t.Helper()
	for line := range strings.Lines(read(t, "Dockerfile")) {
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			list = append(list, words)
		}
	}
	if len(list) == 0 {
		t.Fatal("the Dockerfile is empty")
	}
	return list
}

// What is copied is there, and is not kept out of the context; what is copied
// from a stage comes from one above.
func TestWhatTheImageIsMadeOf(t *testing.T) {
	ignored := read(t, "Dockerfile.dockerignore")
	var stages []string
	copies := 0
	for _, words := range instructions(t) {
		switch words[0] {
		case "FROM":
			if len(words) == 4 {
				stages = append(stages, words[3])
			}
		case "COPY":
			copies++
			from := ""
			args := slices.DeleteFunc(words[1:], func(w string) bool {
				if stage, ok := strings.CutPrefix(w, "--from="); ok {
					from = stage
				}
				return strings.HasPrefix(w, "--")
			})
			if from != "" {
				if !slices.Contains(stages, from) {
					t.Errorf("COPY from %s, and no stage above is called so", from)
				}
				continue
			}
			for _, source := range args[:len(args)-1] {
				if _, err := os.Stat(filepath.Join(root, source)); err != nil {
					t.Errorf("COPY: %v", err)
				}
				if !strings.Contains(ignored, "\n!"+source+"\n") {
					t.Errorf("COPY %s: Dockerfile.dockerignore keeps it out", source)
				}
			}
		}
	}
	if copies < 5 {
		t.Errorf("%d COPY instructions: a check over nothing proves nothing", copies)
	}
}

// The image that is built when nothing is asked for is nobody's but an
// account's without a name.
func TestTheImageIsNotRoots(t *testing.T) {
	list := instructions(t)
	last := 0
	for i, words := range list {
		if words[0] == "FROM" {
			last = i
		}
	}
	user := ""
	for _, words := range list[last:] {
		if words[0] == "USER" {
			user = words[1]
		}
	}
	if !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(user) {
		t.Errorf("the image runs as %q", user)
	}
	if list[last][1] != "files" || !slices.ContainsFunc(list, func(w []string) bool { return strings.Join(w, " ") == "FROM scratch AS files" }) {
		t.Error("the image is not built from scratch")
	}
}

// The very command of the Dockerfile makes a file that needs nothing else. It
// compiles everything once more, without cgo.
func TestTheImagesBuild(t *testing.T) {
	if os.Getenv("WEIR_IMAGE") == "" {
		t.Skip("takes minutes: set WEIR_IMAGE=1")
	}
	need.Tool(t, "go")
	var build []string
	for _, words := range instructions(t) {
		switch {
		case words[0] == "FROM" && strings.HasPrefix(words[1], "golang:"):
			version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, root+"/go.mod"))
			if version == nil || !strings.HasPrefix(words[1], "golang:"+version[1]+"-") {
				t.Errorf("the image is built by %s, go.mod wants %v", words[1], version)
			}
		case words[0] == "RUN" && slices.Contains(words, "build"):
			build = words[1:]
		}
	}
	if len(build) == 0 {
		t.Fatal("the Dockerfile builds nothing")
	}
	weir := filepath.Join(t.TempDir(), "weir")
	script := strings.ReplaceAll(strings.Join(build, " "), "/out/weir", weir)
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "VERSION=v1.2.3-image")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	out, err := exec.Command(weir, "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "weir v1.2.3-image,") {
		t.Errorf("weir version: %s, %v", out, err)
	}
	file, err := elf.Open(weir)
	if err != nil {
		t.Skipf("not an ELF file, so that there is nothing to see of an interpreter: %v", err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the file is not static: it has a segment %v", p.Type)
		}
	}
	info, err := os.Stat(weir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 120<<20 {
		t.Errorf("the file has %d bytes", info.Size())
	}
	t.Logf("the file has %.1f MiB", float64(info.Size())/(1<<20))
}
