// SPDX-License-Identifier: Apache-2.0

package buildinfo

import "runtime/debug"

// UnknownVersion is the version of a module that the running binary was not built from.
const UnknownVersion = "unknown"

// Dependency returns the version of a module the running binary was built from, such as
// v1.43.0, or [UnknownVersion].
func Dependency(path string) string {
	info, _ := debug.ReadBuildInfo()
	return dependencyOf(info, path)
}

func dependencyOf(info *debug.BuildInfo, path string) string {
	if info == nil {
		return UnknownVersion
	}
	for _, module := range info.Deps {
		if module.Path != path {
			continue
		}
		if module.Replace != nil && module.Replace.Version != "" {
			return module.Replace.Version
		}
		return module.Version
	}
	return UnknownVersion
}
