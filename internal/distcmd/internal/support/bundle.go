// SPDX-License-Identifier: Apache-2.0

// Package support collects what helps to find out what is wrong with a Collector, and packs
// it into one file that can be given away.
package support

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Entry is a file of a bundle, and how to get it.
type Entry struct {
	// Name is the file's path in the bundle.
	Name string
	// From says where the content comes from.
	From string
	// Collect returns the content. It may return some of it together with an error.
	Collect func(context.Context) ([]byte, error)
}

// Content returns an entry that is known already.
func Content(name, from string, content []byte, err error) Entry {
	return Entry{Name: name, From: from, Collect: func(context.Context) ([]byte, error) { return content, err }}
}

// unless returns an entry that fails with err, if there is one.
func (e Entry) unless(err error) Entry {
	if err == nil {
		return e
	}
	return Content(e.Name, "the configuration", nil, err)
}

// Manifest is what a bundle says about itself.
type Manifest struct {
	Created time.Time `json:"created"`
	Binary  string    `json:"binary"`
	Version string    `json:"version"`
	Entries []Outcome `json:"entries"`
}

// Outcome says what became of an entry. One that failed may be in the bundle nevertheless:
// an answer can be an error.
type Outcome struct {
	Name  string `json:"name"`
	From  string `json:"from"`
	OK    bool   `json:"ok"`
	Bytes int    `json:"bytes"`
	Error string `json:"error,omitempty"`

	content []byte
}

const (
	// largest is what an entry may hold.
	largest = 8 << 20
	// margin is what is read beyond that, and dropped once the secrets in it are redacted: the
	// end of what is read may be one half of a secret.
	margin = 1 << 20
)

var errTooLarge = errors.New("cut after 8 MiB")

// Collect collects all entries at once, for no longer than the timeout. Every content and
// every error goes through hide before it is kept.
func Collect(ctx context.Context, timeout time.Duration, entries []Entry, hide func(string) string) []Outcome {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	outcomes := make([]Outcome, len(entries))
	var wg sync.WaitGroup
	for i, entry := range entries {
		wg.Go(func() { outcomes[i] = entry.outcome(ctx, hide) })
	}
	wg.Wait()
	return outcomes
}

func (e Entry) outcome(ctx context.Context, hide func(string) string) Outcome {
	content, err := e.Collect(ctx)
	content, whole := within(content, hide)
	if !whole {
		err = errors.Join(err, errTooLarge)
	}
	o := Outcome{Name: e.Name, From: hide(e.From), OK: err == nil, Bytes: len(content), content: content}
	if err != nil {
		o.Error = hide(err.Error())
	}
	return o
}

// within returns as much of content as an entry may hold, and whether that is all. It is cut
// after the secrets are redacted, not before.
func within(content []byte, hide func(string) string) (kept []byte, whole bool) {
	hidden := []byte(hide(string(content)))
	if len(content) >= largest+margin {
		hidden = hidden[:max(0, len(hidden)-margin)]
		return hidden[:min(len(hidden), largest)], false
	}
	return hidden[:min(len(hidden), largest)], len(hidden) <= largest
}

// window keeps the beginning of what is written to it, as much as an entry is made of.
type window struct{ kept []byte }

// Write implements [io.Writer].
func (w *window) Write(p []byte) (int, error) {
	w.kept = append(w.kept, p[:min(len(p), largest+margin-len(w.kept))]...)
	return len(p), nil
}
