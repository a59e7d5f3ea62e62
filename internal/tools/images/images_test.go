// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const repository = "../../.."

func TestEqualTreesAreEqualArchives(t *testing.T) {
	content := tree{"/b/c": {mode: 0o644, content: []byte("x")}, "/a": {target: "b/c"}, "/b/d/e": {mode: 0o755}}
	var first, second bytes.Buffer
	require.NoError(t, content.writeTar(&first, time.Unix(1, 0)))
	require.NoError(t, content.writeTar(&second, time.Unix(1, 0)))
	require.Equal(t, first.Bytes(), second.Bytes())
	var names []string
	for _, header := range content.headers() {
		names = append(names, header.Name)
	}
	require.Equal(t, []string{"a", "b/", "b/c", "b/d/", "b/d/e"}, names)
}

func TestBadInputIsNamed(t *testing.T) {
	require.ErrorContains(t, buildAll(repository, t.TempDir(), "1", []string{"nginx"}), `"nginx": no such image`)
	require.ErrorContains(t, buildAll(repository, t.TempDir(), "", nil), "must be given")

	t.Run("a binary that would not start in the image", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "binary")
		build := exec.Command("go", "build", "-o", file, "testdata/nothing.go")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=arm64")
		out, err := build.CombinedOutput()
		require.NoError(t, err, string(out))
		require.ErrorContains(t, checkBinary(file, flavours[1], arches[0]), "is for EM_AARCH64, not for amd64")
		require.ErrorContains(t, checkBinary(file, flavours[0], arches[1]), "dynamic linking = true")
		require.NoError(t, checkBinary(file, flavours[1], arches[1]))
		require.ErrorContains(t, checkBinary(file+".absent", flavours[1], arches[1]), "build it first")
	})
	t.Run("a tool that is missing", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		require.ErrorContains(t, buildAll(repository, t.TempDir(), "1", []string{flavours[0].name}), "apt-get is missing")
	})
	t.Run("no time to build for", func(t *testing.T) {
		_, err := describe(t.TempDir(), "1")
		require.ErrorContains(t, err, "SOURCE_DATE_EPOCH")
	})
}

// The Dockerfiles cannot be built where no base image can be pulled. What they run in the base
// image runs here instead, on the same Debian release.
func TestDockerfilesCollectWhatTheGoldenListsSay(t *testing.T) {
	script := regexp.MustCompile(`(?m)^RUN (set -eu;(?:.*\\\n)+.*)$`)
	copied := regexp.MustCompile(`(?m)^COPY --chmod=\S+ \S+ (\S+)$`)
	for _, f := range flavours {
		t.Run(f.name, func(t *testing.T) {
			content, err := os.ReadFile(dockerfilePath(repository, f))
			require.NoError(t, err)
			match := script.FindSubmatch(content)
			require.NotNil(t, match)
			root := t.TempDir()
			collect := exec.Command("sh", "-c", string(match[1]))
			collect.Env = append(os.Environ(), "ROOT="+root)
			out, err := collect.CombinedOutput()
			require.NoError(t, err, string(out))

			got := map[string]bool{}
			for _, line := range goldenPaths(t, root) {
				got[line] = true
			}
			for _, to := range copied.FindAllSubmatch(content, -1) {
				got[string(to[1])] = true
			}
			want := map[string]bool{}
			for line := range strings.SplitSeq(strings.TrimSpace(golden(t, f)), "\n") {
				if at := strings.Fields(line)[2]; !strings.HasSuffix(at, "/") {
					want[at] = true
				}
			}
			require.Equal(t, want, got)
		})
	}
}

// goldenPaths returns the paths of the files below a directory as a golden list has them.
func goldenPaths(t *testing.T, root string) []string {
	t.Helper()
	out, err := exec.Command("find", root, "!", "-type", "d", "-printf", "/%P\n").Output()
	require.NoError(t, err)
	return strings.Fields(string(out))
}

func golden(t *testing.T, f flavour) string {
	t.Helper()
	content, err := os.ReadFile(goldenPath(f))
	require.NoError(t, err)
	return string(content)
}

func goldenPath(f flavour) string { return filepath.Join("testdata", f.name+".golden") }
