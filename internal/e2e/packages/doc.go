// SPDX-License-Identifier: Apache-2.0

// Package packages installs the deb, rpm and tar.gz of the distributions on Debian systems that
// it boots, and uses them as an operator would. The tests need what internal/tools/test-packages
// prepares: root, the packages in the folder that PACKAGES names, and a bootstrapped Debian in
// the one that DEBIAN_ROOT names. Without these they are skipped.
package packages
