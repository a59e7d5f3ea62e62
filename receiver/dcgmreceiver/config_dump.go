// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	defaultDumpDuration = 10 * time.Minute
	defaultDumpMiB      = 64
	maxDumpMiB          = 1024
)

// DumpConfig is a recording of what the host engine answers.
type DumpConfig struct {
	// Path is the file to write, and none if empty. That of an earlier run is kept as Path with .1 behind it.
	Path string `mapstructure:"path"`

	// Duration is how long after the first connection the recording ends.
	Duration time.Duration `mapstructure:"duration"`

	// MaxSizeMiB is how large the file becomes at most, in MiB.
	MaxSizeMiB int `mapstructure:"max_size_mib"`

	// Redact writes pseudonyms for UUIDs, serial numbers and addresses.
	Redact bool `mapstructure:"redact"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (cfg *DumpConfig) validate() error {
	return errors.Join(
		cfg.validatePath(),
		within("dump::duration", cfg.Duration, time.Second, maxMemory),
		cfg.validateSize(),
	)
}

func (cfg *DumpConfig) validatePath() error {
	if cfg.Path == "" || filepath.IsAbs(cfg.Path) && !strings.HasSuffix(cfg.Path, "/") && !isFolder(cfg.Path) {
		return nil
	}
	return fmt.Errorf(`"dump::path": must be empty or the absolute path of a file, got %q`, cfg.Path)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (cfg *DumpConfig) validateSize() error {
	if cfg.MaxSizeMiB >= 1 && cfg.MaxSizeMiB <= maxDumpMiB {
		return nil
	}
	return fmt.Errorf(`"dump::max_size_mib": must be from 1 to %d, got %d`, maxDumpMiB, cfg.MaxSizeMiB)
}
