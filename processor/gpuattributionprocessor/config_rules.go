// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// socket refuses what exists and is no socket. One that is absent may come.
func socket(key, path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%q: must be an absolute path, got %q", key, path)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%q: %s is no socket", key, path)
	}
	return nil
}

// compile makes regular expressions that match a whole name.
func compile(key string, texts []string) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for _, text := range texts {
		if text == "" {
			return nil, fmt.Errorf("%q: an empty text matches no name", key)
		}
		if _, err := regexp.Compile(text); err != nil {
			return nil, fmt.Errorf("%q: %q is no regular expression: %w", key, text, err)
		}
		pattern, err := regexp.Compile("^(?:" + text + ")$")
		if err != nil {
			return nil, fmt.Errorf("%q: %q is no regular expression for a whole name: %w", key, text, err)
		}
		out = append(out, pattern)
	}
	return out, nil
}

func oneOf(key, value string, valid ...string) error {
	if slices.Contains(valid, value) {
		return nil
	}
	return fmt.Errorf("%q: must be %s, not %q", key, strings.Join(valid, " or "), value)
}

func within(key string, got, least time.Duration) error {
	if got >= least && got <= maxDuration {
		return nil
	}
	return fmt.Errorf("%q: must be at least %s and at most %s, got %s", key, least, maxDuration, got)
}

func ratio(key string, got float64) error {
	if got >= 0 && got <= 1 {
		return nil
	}
	return fmt.Errorf("%q: must be at least 0 and at most 1, got %v", key, got)
}
