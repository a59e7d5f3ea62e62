// SPDX-License-Identifier: Apache-2.0

// Package buildinfo says which source revision a binary was built from, for whoever shows
// it: the command line and the tracecore.build.info metric.
package buildinfo

import "runtime/debug"

// UnknownRevision is the revision of a binary that was built outside a repository.
const UnknownRevision = "unknown"

// Revision returns the commit the running binary was built from, with the suffix "+dirty"
// when the work tree had changes that were not committed, or [UnknownRevision].
func Revision() string {
	info, _ := debug.ReadBuildInfo()
	return revisionOf(info)
}

func revisionOf(info *debug.BuildInfo) string {
	if info == nil {
		return UnknownRevision
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return UnknownRevision
	}
	if settings["vcs.modified"] == "true" {
		revision += "+dirty"
	}
	return revision
}
