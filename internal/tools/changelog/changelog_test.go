// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
)

const sample = "# Changelog\n\n## Unreleased\n\n- `receiver/x`: Not released\n\n" + `## v0.160.0

### 🚩 Deprecations 🚩

- ` + "`receiver/tcp_check`: Rename the 'tcpcheck' receiver to 'tcp_check'. The old 'tcpcheck' type remains. (#1, #2)" + `
- ` + "`processor/x`: Rename the sampler `key_attributes` field to `fingerprint_attributes` (#3)" + `
- ` + "`extension/google_cloud_encoding`: Introduce new snake case compliant name `google_cloud_encoding` (#4)" + `

## v0.152.0

### 🧰 Bug fixes 🧰

- ` + "`receiver/chrony, receiver/ntp`: Fix `old_key` (#5)" + `
  The key ` + "`more_path`" + ` is new.
`

func TestEntriesAreReadWithReleaseClassAndWhatFollows(t *testing.T) {
	entries := parse(sample)
	if len(entries) != 4 {
		t.Fatalf("got %d entries, want 4: %v", len(entries), entries)
	}
	last := entries[3]
	if last.release != "0.152.0" || last.class != "fix" || last.text != "Fix `old_key`" || !slices.Equal(last.subjects, []string{"receiver/chrony", "receiver/ntp"}) {
		t.Errorf("got %+v", last)
	}
	if keys := last.keys("chrony"); keys != "more_path old_key" {
		t.Errorf("got keys %q", keys)
	}
	if !last.about(component{"receiver", "ntp"}) || last.about(component{"exporter", "ntp"}) {
		t.Error("an entry is about the components that it names")
	}
}

func TestRenamesAreThoseOfComponents(t *testing.T) {
	want := []rename{
		{component{"receiver", "tcp_check"}, "tcpcheck", "0.160.0"},
		{component{"extension", "google_cloud_encoding"}, "googlecloud_encoding", "0.160.0"},
	}
	if found := renames(parse(sample)); !slices.Equal(found, want) {
		t.Errorf("got %v, want %v", found, want)
	}
}

func TestAModuleHasTheNameOfItsRelease(t *testing.T) {
	modules := []module{{kind: "receiver", base: "tcpcheckreceiver", version: "0.165.0"}, {kind: "receiver", base: "otlpreceiver"}}
	latest := map[component]string{{"receiver", "tcpcheck"}: "tcp_check"}
	if err := setNames(modules, latest, renames(parse(sample))); err != nil {
		t.Fatal(err)
	}
	if m := modules[0]; m.name != "tcpcheck" || m.here != "tcp_check" {
		t.Errorf("got %+v", m)
	}
	if m := modules[1]; m.name != "otlp" || m.here != "" {
		t.Errorf("got %+v", m)
	}
	if setNames([]module{{kind: "receiver", base: "unheardofreceiver"}}, latest, nil) == nil {
		t.Error("a module without a known name is an error")
	}
}

func TestOlderModulesMissWhatCameSince(t *testing.T) {
	got := changesSince([]module{{kind: "receiver", base: "chronyreceiver", version: "0.146.0", name: "chrony"}}, parse(sample))
	want := "kind\tmodule\there\trelease\tclass\tkeys\ttext\n" +
		"receiver\tchronyreceiver\t0.146.0\t0.152.0\tfix\tmore_path old_key\tFix `old_key`\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := changesSince([]module{{kind: "receiver", base: "chronyreceiver", version: "0.152.0"}}, parse(sample)); got != "kind\tmodule\there\trelease\tclass\tkeys\ttext\n" {
		t.Errorf("a module of 0.152.0 misses nothing, got %q", got)
	}
}
