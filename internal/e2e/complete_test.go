// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// asap takes the place of a module that the public proxy does not serve, in the list of modules and
// in a module proxy. Its path is nobody's, as Go keeps what a proxy serves.
const (
	asapMissing = contribModules + "extension/asapauthextension"
	asap        = "example.com/contrib/extension/asapauthextension"
	asapVersion = "v0.152.0"
	asapGoMod   = "module " + asap + `

go 1.25.0

require (
	go.opentelemetry.io/collector/component v1.58.0
	go.opentelemetry.io/collector/extension v1.58.0
)
`
	asapSource = `package asapauthextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

type nothing struct {
	component.StartFunc
	component.ShutdownFunc
}

func NewFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("asapclient"), func() component.Config { return &struct{}{} },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) { return nothing{}, nil },
		component.StabilityLevelAlpha)
}
`
)

// The user's module proxy serves one module more, and knows of another without serving it.
func TestCompleteBuildsWithWhatTheModuleProxyServes(t *testing.T) {
	if filepath.Base(binary) != "otelcol-tracecore-node" {
		t.Skip("the same for every flavour")
	}
	tree, proxy := copyOfTheTree(t), t.TempDir()
	serve(t, proxy, asap, asapVersion, map[string]string{"go.mod": asapGoMod, "asap.go": asapSource})
	known := filepath.Join(proxy, contribModules+"extension/awsproxy", "@v")
	require.NoError(t, os.MkdirAll(known, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(known, asapVersion+".info"), []byte(`{"Version":"`+asapVersion+`"}`), 0o600))
	list := filepath.Join(tree, "internal/e2e", availability)
	rows, err := os.ReadFile(list)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(list, bytes.Replace(rows, []byte(asapMissing), []byte(asap), 1), 0o600))
	// The manifest of the node agent under the name of the full distribution: it builds in seconds.
	manifest, err := os.ReadFile(nodeManifest)
	require.NoError(t, err)
	small := strings.ReplaceAll(string(manifest), "otelcol-tracecore-node", "otelcol-tracecore")
	require.NoError(t, os.WriteFile(filepath.Join(tree, "builder-config.yaml"), []byte(small), 0o600))
	sums, err := os.ReadFile(root + "/distribution/otelcol-tracecore-node/go.sum")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(tree, "distribution/otelcol-tracecore/go.sum"), sums, 0o600))

	cache := moduleCache(t)
	forget(t, cache)
	t.Cleanup(func() { forget(t, cache) })
	complete := func() (stdout, stderr string) {
		c := exec.Command("make", "--no-print-directory", "complete")
		c.Dir = tree
		c.Env = append(os.Environ(), "GONOSUMDB="+asap, "GOFLAGS=-modcacherw",
			"GOPROXY=file://"+proxy+",file://"+cache+"/cache/download")
		var out, errOut bytes.Buffer
		c.Stdout, c.Stderr = &out, &errOut
		require.NoError(t, c.Run(), "%s%s", &out, &errOut)
		return out.String(), errOut.String()
	}
	stdout, stderr := complete()
	require.Contains(t, stdout, asap+" "+asapVersion+"\n")
	require.NotContains(t, stdout, "awsproxy")
	require.Regexp(t, `the module proxy serves 1\n`, stderr)
	built := tree + "/bin/otelcol-tracecore"
	require.True(t, slices.ContainsFunc(components(t, built)["extensions"], func(c listedComponent) bool {
		return c.Name == "asapclient" && c.Module == asap+" "+asapVersion
	}))
	page, err := os.ReadFile(filepath.Join(tree, "docs/compatibility.md"))
	require.NoError(t, err)
	require.Contains(t, string(page), "| `asapclient` | `asapauthextension` | "+asapVersion+" |  |\n")

	before, err := os.Stat(built)
	require.NoError(t, err)
	stdout, stderr = complete()
	require.Empty(t, stdout)
	require.Regexp(t, `the module proxy serves 0\n`, stderr)
	after, err := os.Stat(built)
	require.NoError(t, err)
	require.Equal(t, before.ModTime(), after.ModTime(), "nothing is built again")
}

// A proxy that says of nothing whether it serves it is not one that serves nothing.
func TestCompleteDistinguishesAnUnreachableProxyFromOneWithoutTheModules(t *testing.T) {
	if filepath.Base(binary) != "otelcol-tracecore-node" {
		t.Skip("the same for every flavour")
	}
	answers := func(status int) string {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(proxy.Close)
		return proxy.URL
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	tree := copyOfTheTree(t)
	for _, tt := range []struct {
		name, proxy, said string
		fails             bool
	}{
		{"not found", answers(http.StatusNotFound), "the module proxy serves 0\n", false},
		{"gone", answers(http.StatusGone), "the module proxy serves 0\n", false},
		{"forbidden", answers(http.StatusForbidden), "taken as not served: ", false},
		{"an empty folder", "file://" + t.TempDir(), "the module proxy serves 0\n", false},
		{"an error of the proxy", answers(http.StatusBadGateway), "502 Bad Gateway", true},
		{"no credentials", answers(http.StatusUnauthorized), "401 Unauthorized", true},
		{"no server", gone.URL, "connection refused", true},
		{"no such folder", "file://" + t.TempDir() + "/none", "no such folder", true},
		{"no proxy", "off", "GOPROXY=off", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := exec.Command("make", "--no-print-directory", "complete")
			c.Dir = tree
			c.Env = append(os.Environ(), "GOPROXY="+tt.proxy)
			var out, errOut bytes.Buffer
			c.Stdout, c.Stderr = &out, &errOut
			err := c.Run()
			require.Equal(t, tt.fails, err != nil, "%v: %s", err, &errOut)
			require.Contains(t, errOut.String(), tt.said)
			require.Equal(t, tt.fails, !strings.Contains(errOut.String(), "the module proxy serves"))
			require.Empty(t, out.String())
		})
	}
}

func moduleCache(t *testing.T) string {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(cache))
}

// forget removes the module from the module cache, which -modcacherw lets it do.
func forget(t *testing.T, cache string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(filepath.Join(cache, asap+"@"+asapVersion)))
	require.NoError(t, os.RemoveAll(filepath.Join(cache, "cache/download", asap)))
}

// copyOfTheTree returns a folder with what a checkout has.
func copyOfTheTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	c := exec.Command("bash", "-euo", "pipefail", "-c",
		`git ls-files --cached --others --exclude-standard -z | tar --null --files-from - --create --file - | tar --extract --file - --directory "$1"`, "copy", dir)
	c.Dir = root
	output, err := c.CombinedOutput()
	require.NoError(t, err, string(output))
	return dir
}

// serve adds a module to a module proxy that is a folder.
func serve(t *testing.T, proxy, path, version string, files map[string]string) {
	t.Helper()
	source, dir := t.TempDir(), filepath.Join(proxy, path, "@v")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(source, name), []byte(content), 0o600))
	}
	var archive bytes.Buffer
	require.NoError(t, zip.CreateFromDir(&archive, module.Version{Path: path, Version: version}, source))
	for extension, content := range map[string][]byte{"info": []byte(`{"Version":"` + version + `"}`), "mod": []byte(files["go.mod"]), "zip": archive.Bytes()} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, version+"."+extension), content, 0o600))
	}
}
