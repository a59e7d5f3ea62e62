// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

// Limits on what is read: a batch system's files are far smaller.
const (
	maxFile = 64 << 10
	maxLine = 256
	maxJobs = 64 // of one GPU
)

// parseIDs returns the ids of a GPU's file, and how many lines could be none. A last line without a line break may
// still be written: it counts once the file has settled.
func parseIDs(text string, settled bool) (ids []string, bad int) {
	text = strings.TrimPrefix(text, "\ufeff")
	complete := strings.LastIndexByte(text, '\n') + 1
	if settled {
		complete = len(text)
	}
	for line := range strings.SplitSeq(text[:complete], "\n") {
		id := strings.TrimSpace(line)
		switch {
		case id == "":
		case !printable(id) || len(ids) == maxJobs:
			bad++
		default:
			ids = append(ids, id)
		}
	}
	return ids, bad
}

// partial reports whether a file ends within a line.
func partial(text string) bool {
	return text != "" && !strings.HasSuffix(text, "\n")
}

func printable(text string) bool {
	return len(text) <= maxLine && utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

// parseJob reads user=, account= and partition= lines. Other lines are left to those who write more.
func parseJob(id, text string) holders.Job {
	job := holders.Job{ID: id}
	fields := map[string]*string{"user": &job.User, "account": &job.Account, "partition": &job.Partition}
	for line := range strings.SplitSeq(text, "\n") {
		key, value, _ := strings.Cut(line, "=")
		if field := fields[strings.TrimSpace(key)]; field != nil && printable(value) {
			*field = strings.TrimSpace(value)
		}
	}
	return job
}
