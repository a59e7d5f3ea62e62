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

// scanner is one reading of a directory.
type scanner struct {
	Scan
	directory string
	answer    *holders.Answer
	jobs      map[string]holders.Job
}

// Read reads the directory as it is now. Files may vanish meanwhile: their jobs have ended.
func Read(directory string, now time.Time) (*holders.Answer, Scan, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, Scan{}, fmt.Errorf("read job directory: %w", err)
	}
	s := &scanner{directory: directory, jobs: map[string]holders.Job{}, answer: &holders.Answer{
		At: now, Holdings: map[holders.Ref][]holders.Holding{}, Since: map[holders.Ref]time.Time{},
	}}
	for _, entry := range entries[:min(len(entries), maxFiles)] {
		if device, isGPU := holders.ParseJobFile(entry.Name()); isGPU && !entry.IsDir() {
			s.gpu(entry.Name(), device, now)
		}
	}
	return s.answer, s.Scan, nil
}

func (s *scanner) gpu(name string, device holders.Device, now time.Time) {
	text, modified, err := readFile(filepath.Join(s.directory, name))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		s.Partial = errors.Join(s.Partial, err)
		return
	}
	settled := now.Sub(modified) >= settles
	ids, bad := parseIDs(text, settled)
	s.Bad += bad
	s.Unsettled = s.Unsettled || (partial(text) && !settled)
	s.answer.Since[device.Ref] = modified
	for _, id := range ids {
		s.add(device, s.job(id))
	}
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
