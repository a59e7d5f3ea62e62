// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var namedTests = regexp.MustCompile("`(Test[A-Z]\\w*)`")

// securityPage returns the lines of docs/security.md.
func securityPage(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile(root + "/docs/security.md")
	require.NoError(t, err)
	return strings.Split(string(page), "\n")
}

// declaredTests are the names of all tests of the repository.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declaration := regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(\w+ \*testing\.T\)`)
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, match := range declaration.FindAllSubmatch(source, -1) {
			names[string(match[1])] = true
		}
		return err
	}))
	return names
}

func TestSecurityPageNamesTestsThatExist(t *testing.T) {
	declared := declaredTests(t)
	named := namedTests.FindAllStringSubmatch(strings.Join(securityPage(t), "\n"), -1)
	require.NotEmpty(t, named)
	for _, name := range named {
		require.Contains(t, declared, name[1])
	}
}

// A mitigation is a row of a table whose last column is headed "test".
func TestEveryMitigationOnTheSecurityPageNamesATest(t *testing.T) {
	inTable, rows := false, 0
	for _, line := range securityPage(t) {
		switch {
		case strings.HasSuffix(line, "| test |"):
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable && !strings.HasPrefix(line, "| --- |"):
			cells := strings.Split(strings.Trim(line, "| "), " | ")
			require.Regexp(t, "^`Test\\w+`(, `Test\\w+`)*$", cells[len(cells)-1], line)
			rows++
		}
	}
	require.NotZero(t, rows)
}

var (
	endpointOfAListener = regexp.MustCompile(`^(receivers::otlp.*|extensions::.*|exporters::prometheus)::endpoint$`)
	hostOfAReader       = regexp.MustCompile(`^(service::telemetry::metrics::readers\[\d+\]::pull::exporter::prometheus)::host$`)
)

// listeners returns the addresses that a configuration listens on, as the binary reads it.
func listeners(t *testing.T, config string) []string {
	t.Helper()
	r := finish(t, "", nil, "validate", "--explain", "--format=json", "--config", config)
	require.Zero(t, r.code, r.stderr)
	leaves := explained(t, r)
	var addresses []string
	for key, l := range leaves {
		text, _ := l.Value.(string)
		if endpointOfAListener.MatchString(key) {
			addresses = append(addresses, text)
		}
		if reader := hostOfAReader.FindStringSubmatch(key); reader != nil && leaves["service::telemetry::metrics::level"].Value != "None" {
			portOf, _ := leaves[reader[1]+"::port"].Value.(float64)
			addresses = append(addresses, net.JoinHostPort(text, strconv.Itoa(int(portOf))))
		}
	}
	slices.Sort(addresses)
	return addresses
}

func TestSecurityPageListsEverySocketOfShippedConfigurations(t *testing.T) {
	want := map[string][]string{}
	row := regexp.MustCompile(`^\| \[[^]]*\]\((\S+\.yaml)\) \| (.*) \|$`)
	code := regexp.MustCompile("`([^`]+)`")
	for _, line := range securityPage(t) {
		cells := row.FindStringSubmatch(line)
		if cells == nil {
			continue
		}
		var addresses []string
		for _, address := range code.FindAllStringSubmatch(cells[2], -1) {
			addresses = append(addresses, address[1])
		}
		slices.Sort(addresses)
		want[filepath.Join("docs", cells[1])] = addresses
	}
	got := map[string][]string{}
	for _, config := range shippedConfigs(t) {
		name, err := filepath.Rel(root, config)
		require.NoError(t, err)
		if !strings.HasPrefix(name, "docs/examples/full/") && !strings.Contains(name, "contrib-compat") {
			got[name] = listeners(t, config)
		}
	}
	require.Equal(t, want, got)
}

// What a package installs is reached by nobody outside of the host.
func TestPackagedConfigurationListensOnLoopbackAlone(t *testing.T) {
	addresses := listeners(t, root+"/distribution/otelcol-tracecore/config/default.yaml")
	require.NotEmpty(t, addresses)
	for _, address := range addresses {
		host, _, err := net.SplitHostPort(address)
		require.NoError(t, err)
		require.Contains(t, []string{"localhost", "127.0.0.1", "::1"}, host)
	}
}

// A peer that sends more than the Collector can pass on is refused before memory runs out.
func TestShippedPipelinesFromPeersBeginWithTheMemoryLimiter(t *testing.T) {
	fromPeers := 0
	for _, config := range shippedConfigs(t) {
		var parsed struct {
			Service struct {
				Pipelines map[string]struct {
					Receivers, Processors []string
				} `yaml:"pipelines"`
			} `yaml:"service"`
		}
		readYAML(t, config, &parsed)
		for name, p := range parsed.Service.Pipelines {
			if slices.Contains(p.Receivers, "otlp") && !strings.Contains(config, "contrib-compat") {
				fromPeers++
				require.NotEmpty(t, p.Processors, "%s: %s", config, name)
				require.Equal(t, "memory_limiter", p.Processors[0], "%s: %s", config, name)
			}
		}
	}
	require.NotZero(t, fromPeers)
}

// Versions without an entry in the checksum database are in go.sum files, so nothing has to switch it off.
func TestNoTargetDisablesTheChecksumDatabase(t *testing.T) {
	off := regexp.MustCompile(`GOSUMDB\s*[:?]?=|GONOSUMDB\s*[:?]?=|GONOSUMCHECK|GOINSECURE|GOPRIVATE|-insecure`)
	for _, pattern := range []string{"Makefile", "Makefile.common", ".ci/*", "internal/tools/*", "internal/tools/release/*", "*/*/Makefile"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, paths, pattern)
		for _, path := range paths {
			info, err := os.Stat(path)
			require.NoError(t, err)
			if info.IsDir() || strings.HasSuffix(path, "_test.go") {
				continue
			}
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NotRegexp(t, off, string(content), path)
		}
	}
}
