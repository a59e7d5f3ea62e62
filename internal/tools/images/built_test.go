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
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The tests in this file take the archives that `make images` wrote. IMAGES names them;
// without it there is nothing to test. They run the images, for which they must be root.

var update = flag.Bool("update", false, "rewrite the golden lists")

const (
	version  = "IMAGES_VERSION"
	patience = 30 * time.Second
)

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

func archivePath(f flavour) string {
	return filepath.Join(repository, "dist", "images", f.name+"-"+os.Getenv(version)+".tar")
}

// eachImage runs a test for every image that was built.
func eachImage(t *testing.T, test func(t *testing.T, f flavour, image v1.Image)) {
	t.Helper()
	if os.Getenv("IMAGES") == "" {
		t.Skip("IMAGES names no images")
	}
	for name := range strings.FieldsSeq(os.Getenv("IMAGES")) {
		t.Run(name, func(t *testing.T) {
			f, err := findFlavour(name)
			require.NoError(t, err)
			test(t, f, readArchive(t, archivePath(f)))
		})
	}
}

// readArchive returns the image for amd64 in an archive.
func readArchive(t *testing.T, archive string) v1.Image {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("tar", "-xf", archive, "-C", dir).CombinedOutput()
	require.NoError(t, err, string(out))
	index, err := layout.ImageIndexFromPath(dir)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	require.Equal(t, os.Getenv(version), manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"])
	index, err = index.ImageIndex(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	manifest, err = index.IndexManifest()
	require.NoError(t, err)
	require.Equal(t, "linux/amd64", manifest.Manifests[0].Platform.String())
	image, err := index.Image(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	return image
}

// eachFile calls visit for every entry of every layer.
func eachFile(t *testing.T, image v1.Image, visit func(header *tar.Header, content io.Reader)) {
	t.Helper()
	layers, err := image.Layers()
	require.NoError(t, err)
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		require.NoError(t, err)
		reader := tar.NewReader(content)
		for {
			header, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			visit(header, reader)
		}
		require.NoError(t, content.Close())
	}
}

func TestImageHasTheFilesOfItsGoldenList(t *testing.T) {
	eachImage(t, func(t *testing.T, f flavour, image v1.Image) {
		t.Helper()
		var list strings.Builder
		seen := map[string]bool{}
		eachFile(t, image, func(header *tar.Header, _ io.Reader) {
			line := fmt.Sprintf("%04o %d:%d /%s", header.Mode, header.Uid, header.Gid, header.Name)
			if header.Linkname != "" {
				line += " -> " + header.Linkname
			}
			if !seen[line] { // Both layers have /etc.
				list.WriteString(line + "\n")
			}
			seen[line] = true
		})
		got := list.String()
		if *update {
			require.NoError(t, os.WriteFile(goldenPath(f), []byte(got), 0o600))
		}
		require.Equal(t, golden(t, f), got)
	})
}

func TestImageIsConfiguredAsContribs(t *testing.T) {
	wantPorts := map[string]map[string]struct{}{
		"otelcol-tracecore":        {"4317/tcp": {}, "4318/tcp": {}, "55679/tcp": {}},
		"otelcol-tracecore-static": {"4317/tcp": {}, "4318/tcp": {}, "55679/tcp": {}},
		"otelcol-tracecore-node":   {"9464/tcp": {}, "13134/tcp": {}},
	}
	eachImage(t, func(t *testing.T, f flavour, image v1.Image) {
		t.Helper()
		file, err := image.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, "linux/amd64", file.OS+"/"+file.Architecture)
		require.Equal(t, "10001:10001", file.Config.User)
		require.Equal(t, []string{"/otelcol-contrib"}, file.Config.Entrypoint)
		require.Equal(t, []string{"--config", "/etc/otelcol-contrib/config.yaml"}, file.Config.Cmd)
		require.Equal(t, wantPorts[f.name], file.Config.ExposedPorts)

		labels := file.Config.Labels
		const prefix = "org.opencontainers.image."
		require.Equal(t, f.name, labels[prefix+"name"])
		require.Equal(t, os.Getenv(version), labels[prefix+"version"])
		require.Equal(t, "https://github.com/tracecoreai/tracecore", labels[prefix+"source"])
		require.Equal(t, "Apache-2.0", labels[prefix+"licenses"])
		require.Regexp(t, `^[0-9a-f]{40}$`, labels[prefix+"revision"])
		created, err := time.Parse(time.RFC3339, labels[prefix+"created"])
		require.NoError(t, err)
		require.Equal(t, file.Created.Time, created)
		require.NotEmpty(t, labels[prefix+"description"])
		require.Len(t, labels, 7)
	})
}

func TestAnotherReaderOfImagesAgrees(t *testing.T) {
	eachImage(t, func(t *testing.T, f flavour, _ v1.Image) {
		t.Helper()
		out, err := exec.Command("skopeo", "inspect", "--config", "oci-archive:"+archivePath(f)+":"+os.Getenv(version)).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), `"User": "10001:10001"`)
	})
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

// run starts a process that must end well when it is asked to, at the end of the test.
func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
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
