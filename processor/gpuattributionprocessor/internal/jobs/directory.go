// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

const (
	maxFiles = 4096
	// settles is how old a file is that ends within a line and yet is complete.
	settles = time.Second
)

// Scan is what one reading of the directory gave beside holders.
type Scan struct {
	Bad       int   // lines and files that could not be understood
	Unsettled bool  // some file is still being written: look again soon
	Partial   error // why a file could not be read
}

// Reader reads a directory again and again.
type Reader struct {
	directory string
	maxAge    time.Duration
	good      map[holders.Ref]good
}

// good is what a file last said that could be read.
type good struct {
	at, modified time.Time
	holdings     []holders.Holding
}

// NewReader returns a reader. While a file cannot be read, what it last said stands until it is of that age.
func NewReader(directory string, maxAge time.Duration) *Reader {
	return &Reader{directory: directory, maxAge: maxAge}
}

// scanner is one reading of a directory.
type scanner struct {
	Scan
	*Reader
	before map[holders.Ref]good
	answer *holders.Answer
	jobs   map[string]holders.Job
}

// Read reads the directory as it is now. Files may vanish meanwhile: their jobs have ended.
func (r *Reader) Read(now time.Time) (*holders.Answer, Scan, error) {
	entries, err := os.ReadDir(r.directory)
	if err != nil {
		return nil, Scan{}, fmt.Errorf("read job directory: %w", err)
	}
	s := &scanner{Reader: r, before: r.good, jobs: map[string]holders.Job{}, answer: &holders.Answer{
		At: now, Holdings: map[holders.Ref][]holders.Holding{}, Since: map[holders.Ref]time.Time{}, Unsure: map[holders.Ref]bool{},
	}}
	r.good = map[holders.Ref]good{}
	for _, entry := range entries[:min(len(entries), maxFiles)] {
		if device, isGPU := holders.ParseJobFile(entry.Name()); isGPU {
			s.gpu(entry.Name(), device, now)
		}
	}
	return s.answer, s.Scan, nil
}

func (s *scanner) gpu(name string, device holders.Device, now time.Time) {
	text, modified, err := readFile(filepath.Join(s.directory, name))
	if errors.Is(err, fs.ErrNotExist) && vanished(filepath.Join(s.directory, name)) {
		return
	}
	if err != nil {
		s.Partial = errors.Join(s.Partial, err)
		s.keep(device.Ref, now)
		return
	}
	age := now.Sub(modified)
	settled := age >= settles || age < -settles // A clock that was ahead has not to be waited for.
	ids, bad := parseIDs(text, settled)
	s.Bad += bad
	if bad > 0 && len(ids) == 0 {
		s.keep(device.Ref, now)
		return
	}
	s.Unsettled = s.Unsettled || (partial(text) && !settled)
	s.answer.Since[device.Ref] = modified
	for _, id := range ids {
		s.add(device, s.job(id))
	}
	s.good[device.Ref] = good{at: now, modified: modified, holdings: s.answer.Holdings[device.Ref]}
}

// keep takes what a file last said. Without that nobody knows whose the GPU is.
func (s *scanner) keep(ref holders.Ref, now time.Time) {
	before, known := s.before[ref]
	if !known || now.Sub(before.at) > s.maxAge {
		s.answer.Unsure[ref] = true
		return
	}
	s.good[ref], s.answer.Since[ref] = before, before.modified
	if len(before.holdings) > 0 {
		s.answer.Holdings[ref] = before.holdings
	}
}

// vanished is false of a link to a file that is absent.
func vanished(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func (s *scanner) add(device holders.Device, job holders.Job) {
	held := s.answer.Holdings[device.Ref]
	if slices.ContainsFunc(held, func(h holders.Holding) bool { return h.Job == job }) {
		return
	}
	held = append(held, holders.Holding{Holder: holders.Holder{Job: job}, Kind: device.Kind, Shares: 1})
	if device.Kind == holders.Exclusive && len(held) > 1 {
		held[0].Kind, held[len(held)-1].Kind = holders.Timeslice, holders.Timeslice
	}
	s.answer.Holdings[device.Ref] = held
}

// job returns what the file of a job says, or its id alone.
func (s *scanner) job(id string) holders.Job {
	if job, seen := s.jobs[id]; seen {
		return job
	}
	job := holders.Job{ID: id}
	if !strings.ContainsAny(id, "/\\") {
		if text, _, err := readFile(filepath.Join(s.directory, "job."+id)); err == nil {
			job = parseJob(id, text)
		}
	}
	s.jobs[id] = job
	return job
}

func readFile(path string) (text string, modified time.Time, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("read job file: %w", err)
	}
	if !info.Mode().IsRegular() { // Opening a pipe would wait for a writer.
		return "", time.Time{}, fmt.Errorf("read job file: %s is no file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("read job file: %w", err)
	}
	defer func() { _ = file.Close() }() // It was only read.
	content, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("read job file: %w", err)
	}
	return string(content), info.ModTime(), nil
}
