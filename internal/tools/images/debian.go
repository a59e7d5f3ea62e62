// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// needTools fails before anything is done, and says what to install.
func needTools() error {
	var errs []error
	for tool, pkg := range map[string]string{"apt-get": "apt", "dpkg-deb": "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			errs = append(errs, fmt.Errorf("%s is missing: images take their C library and certificates from Debian packages; build on Debian, with package %s", tool, pkg))
		}
	}
	return errors.Join(errs...)
}

// base returns the files of a flavour that are not ours, from Debian packages of the release
// that this machine runs: the binary was linked against its C library.
func base(f flavour, a arch, work string) (tree, []component, error) {
	files := tree{"/etc/passwd": {mode: 0o644, content: []byte(passwd)}}
	debs, err := download(f.packages(), a, filepath.Join(work, a.Name))
	if err != nil {
		return nil, nil, err
	}
	var used []component
	for _, pkg := range f.packages() {
		content, err := unpack(debs[pkg])
		if err != nil {
			return nil, nil, err
		}
		if err := pick(files, content, f, a, pkg); err != nil {
			return nil, nil, fmt.Errorf("package %s: %w", pkg, err)
		}
		control, err := exec.Command("dpkg-deb", "--field", debs[pkg]).Output()
		if err != nil {
			return nil, nil, fmt.Errorf("read the control file of %s: %w", pkg, err)
		}
		used = append(used, debianComponent(control))
		if f.dynamic {
			// Scanners look here for what an image without a package manager consists of.
			files["/var/lib/dpkg/status.d/"+pkg] = entry{mode: 0o644, content: control}
		}
	}
	return files, used, nil
}

// download fetches packages with package lists of its own: it needs no rights, and none of
// the machine's lists is changed or has to be fresh.
func download(packages []string, a arch, dir string) (map[string]string, error) {
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	options := []string{
		"-qq", "-o", "Dir::State=" + dir + "/state", "-o", "Dir::State::status=/dev/null", "-o", "Dir::Cache=" + dir + "/cache",
		"-o", "APT::Architecture=" + a.Name, "-o", "APT::Architectures::=" + a.Name, "-o", "APT::Sandbox::User=",
		"-o", "Acquire::Retries=5",
	}
	for _, args := range [][]string{{"update"}, append([]string{"download"}, packages...)} {
		apt := exec.Command("apt-get", append(slices.Clone(options), args...)...)
		apt.Dir, apt.Stderr = dir, os.Stderr
		if err := apt.Run(); err != nil {
			return nil, fmt.Errorf("apt-get %s for %s: %w", strings.Join(args, " "), a.Name, err)
		}
	}
	debs := map[string]string{}
	for _, pkg := range packages {
		found, err := filepath.Glob(filepath.Join(dir, pkg+"_*.deb"))
		if err != nil || len(found) != 1 {
			return nil, fmt.Errorf("apt-get downloaded %d files for %s, not one", len(found), pkg)
		}
		debs[pkg] = found[0]
	}
	return debs, nil
}

// unpack returns the files and links in a package, by absolute path.
func unpack(deb string) (tree, error) {
	archive, err := exec.Command("dpkg-deb", "--fsys-tarfile", deb).Output()
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", deb, err)
	}
	files := tree{}
	reader := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", deb, err)
		}
		if header.FileInfo().IsDir() {
			continue
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", deb, err)
		}
		files[path.Clean("/"+header.Name)] = entry{mode: header.Mode, content: content, target: header.Linkname}
	}
}

// pick moves what a flavour needs out of a package.
func pick(into, from tree, f flavour, a arch, pkg string) error {
	if pkg == "ca-certificates" {
		into[bundlePath] = entry{mode: 0o644, content: bundle(from)}
	}
	if !f.dynamic {
		return nil
	}
	if pkg == "libc6" {
		if err := pickLibrary(into, from, a.Loader, path.Base(a.Loader), a); err != nil {
			return err
		}
	}
	for _, lib := range libraries {
		if lib.pkg != pkg {
			continue
		}
		if err := pickLibrary(into, from, path.Join("/lib", a.Triple, lib.soname), lib.soname, a); err != nil {
			return err
		}
	}
	// libgcc-s1 and libstdc++6 link to the licence of gcc-12-base.
	if licence := from["/usr/share/doc/"+pkg+"/copyright"]; licence.content != nil && licence.target == "" {
		into["/usr/share/doc/"+pkg+"/copyright"] = licence
	}
	return nil
}

// pickLibrary follows the links of a package to a library and puts the file itself at a path.
func pickLibrary(into, from tree, at, soname string, a arch) error {
	for _, dir := range []string{"/lib", "/usr/lib"} {
		name := path.Join(dir, a.Triple, soname)
		for from[name].target != "" {
			name = path.Join(path.Dir(name), from[name].target)
		}
		if found, ok := from[name]; ok {
			into[at] = entry{mode: 0o755, content: found.content}
			return nil
		}
	}
	return fmt.Errorf("it has no %s", soname)
}

// bundle joins the certificates as the package's own update-ca-certificates does.
func bundle(from tree) []byte {
	var names []string
	for name := range from {
		if strings.HasSuffix(name, ".crt") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out bytes.Buffer
	for _, name := range names {
		out.Write(bytes.TrimRight(from[name].content, "\n"))
		out.WriteByte('\n')
	}
	return out.Bytes()
}
