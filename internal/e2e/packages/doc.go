// SPDX-License-Identifier: Apache-2.0

// Package packages installs the deb, rpm and tar.gz of the distributions on Debian systems, and
// uses them as an operator would. Where the host allows it, the systems are booted; where it does
// not, the tests that need a running systemd are skipped, by name. The tests need what
// internal/tools/test-packages prepares: root, the packages in the folder that PACKAGES names, and
// a Debian in the one that DEBIAN_ROOT names. Without these they are skipped.
package packages
