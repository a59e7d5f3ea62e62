// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const patience = 30 * time.Second

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("IMAGES") != "" && os.Getenv("IMAGES_ISOLATED") == "" {
		os.Exit(isolated())
	}
	if os.Getenv("IMAGES_ISOLATED") != "" {
		if err := loopbackUp(); err != nil {
			fmt.Fprintln(os.Stderr, "bring up loopback:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// isolated runs the tests again with a network and mounts of their own: the images' ports are
// free there, nothing is sent anywhere, and no mount stays behind.
func isolated() int {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "running the images needs root, for chroot and mounts")
		return 1
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Env = append(os.Environ(), "IMAGES_ISOLATED=1")
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	if err := again.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket) //nolint:errcheck // It only carries one ioctl.
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return errors.Join(unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request), unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
}

// container is an image's process, with the rights that a strict pod has: the image's
// account, no capability, and a file system that cannot be written.
type container struct {
	root string
	env  []string
}

// unpackImage makes a root of the image's layers, with what a container runtime adds.
func unpackImage(t *testing.T, image v1.Image) *container {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.Chmod(root, 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(root), 0o755))
	eachFile(t, image, func(header *tar.Header, content io.Reader) {
		at := filepath.Join(root, header.Name)
		switch header.Typeflag {
		case tar.TypeDir:
			require.NoError(t, os.MkdirAll(at, 0o755))
		case tar.TypeSymlink:
			require.NoError(t, os.Symlink(header.Linkname, at))
		default:
			require.NoError(t, writeFile(at, func(w io.Writer) error { _, err := io.Copy(w, content); return err }))
			require.NoError(t, os.Chmod(at, os.FileMode(header.Mode)))
		}
	})
	// A container runtime gives its containers this file.
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc", "hosts"), []byte("127.0.0.1 localhost\n"), 0o644)) //nolint:gosec // Its account reads it.
	c := &container{root: root}
	c.bind(t, "/proc", "/proc")
	return c
}

// bind gives the container a directory of this machine.
func (c *container) bind(t *testing.T, from, to string) {
	t.Helper()
	target := filepath.Join(c.root, to)
	require.NoError(t, os.MkdirAll(target, 0o755))
	require.NoError(t, unix.Mount(from, target, "", unix.MS_BIND|unix.MS_REC, ""))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(target, unix.MNT_DETACH)) })
}

// readOnly makes the root unwritable, as readOnlyRootFilesystem does.
func (c *container) readOnly(t *testing.T) {
	t.Helper()
	require.NoError(t, unix.Mount(c.root, c.root, "", unix.MS_BIND|unix.MS_REC, ""))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(c.root, unix.MNT_DETACH)) })
	require.NoError(t, unix.Mount("", c.root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
}

func (c *container) command(args ...string) *exec.Cmd {
	cmd := exec.Command(contribPath, args...)
	cmd.Dir, cmd.Env = "/", append([]string{"PATH=/"}, c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     c.root,
		Credential: &syscall.Credential{Uid: 10001, Gid: 10001, NoSetGroups: false},
		Pdeathsig:  syscall.SIGKILL,
	}
	return cmd
}

func TestImageRuns(t *testing.T) {
	eachImage(t, func(t *testing.T, f flavour, image v1.Image) {
		t.Helper()
		c := unpackImage(t, image)
		c.readOnly(t)
		out, err := c.command("--version").CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), "version "+os.Getenv(version))

		out, err = c.command("validate", "--config", configPath).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Empty(t, string(out))

		args := []string{"--config", configPath}
		if f.config == flavours[0].config { // It has health_check, as contrib's has, but not health_slo.
			args = append(args, "--config", "yaml:extensions::health_slo::http::endpoint: 127.0.0.1:13134",
				"--config", "yaml:service::extensions: [health_check, pprof, zpages, health_slo]")
		}
		run(t, c.command(args...))
		waitFor(t, "http://127.0.0.1:13134/healthz", "ok")
		waitFor(t, "http://127.0.0.1:13134/readyz", "ok")
		if f.config == flavours[0].config {
			waitFor(t, "http://127.0.0.1:13133/", "Server available")
		}
	})
}

func TestImageReachesGPUsThroughAMountedLibrary(t *testing.T) {
	eachImage(t, func(t *testing.T, f flavour, image v1.Image) {
		t.Helper()
		if f.config != flavours[2].config {
			t.Skip("its default configuration has no GPUs")
		}
		c := unpackImage(t, image)
		c.bind(t, repository+"/bin/sim", "/usr/lib/x86_64-linux-gnu")
		c.bind(t, repository+"/internal/dcgmsim", "/opt/sim")
		c.env = []string{"DCGMSIM_SCENARIO=/opt/sim/scenarios/h100x8.scenario"}
		c.readOnly(t)
		run(t, c.command("--config", configPath, "--set", "receivers.dcgm.collection_interval=1s"))
		waitFor(t, "http://127.0.0.1:9464/metrics", "hw_gpu_utilization")
	})
}

// untilItListens is more than upstream takes from ready to handling signals, of which it says nothing. A SIGTERM before that kills it.
const untilItListens = 200 * time.Millisecond

// run starts a process that must end well when it is asked to, at the end of the test.
func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		time.Sleep(untilItListens)
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), stderr.String())
	})
}

func waitFor(t *testing.T, url, text string) {
	t.Helper()
	var last string
	require.Eventually(t, func() bool {
		response, err := http.Get(url) //nolint:gosec,noctx // The address is the test's own.
		if err != nil {
			last = err.Error()
			return false
		}
		defer response.Body.Close() //nolint:errcheck // It is only read.
		body, err := io.ReadAll(response.Body)
		last = string(body)
		return err == nil && response.StatusCode == http.StatusOK && strings.Contains(last, text)
	}, patience, 50*time.Millisecond, "%s does not say %q", url, text)
}
