// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
)

// maxHead is how much of the beginning of a file tells it from others: inodes are used again.
const maxHead = 1 << 10

// head is the hash of the first bytes of a file.
type head struct {
	size int64
	hash string
}

// Head says by which beginning a file is recognised whose records up to end are read. It is empty of the device, where sequence numbers are
// enough, and of a fifo, which gives nothing twice.
func (r *Reader) Head(end int64) string {
	size := min(end, maxHead)
	if !r.info.Mode().IsRegular() || size <= 0 {
		return ""
	}
	if r.head.size != size {
		r.head = head{size, r.hash(size)}
	}
	return r.head.hash
}

func (r *Reader) hash(size int64) string {
	content := make([]byte, size)
	n, _ := r.file.ReadAt(content, 0) // What is cut off has another hash.
	sum := sha256.Sum256(content[:n])
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

// Has says whether the records up to end, of the file that head recognises, are in this log.
func (r *Reader) Has(head string, end int64) bool {
	switch {
	case r.IsDevice():
		return head == "" && end == 0
	case !r.info.Mode().IsRegular() || end <= 0:
		return false
	}
	info, err := r.file.Stat()
	return err == nil && info.Size() >= end && r.hash(min(end, maxHead)) == head
}

// ErrReplaced says that there is another log at the path.
var ErrReplaced = errors.New("the log was replaced or truncated")

// Check returns an error if the file or fifo is not, or no longer, what path names, or if it was cut off behind which reading goes on. It
// does so when it is asked for the second time, so that what was written to the old file before is read first.
func (r *Reader) Check(path string) error {
	if r.IsDevice() {
		return nil
	}
	info, err := os.Stat(path)
	gone := err != nil || !os.SameFile(r.info, info)
	again := r.gone
	r.gone = gone
	switch {
	case gone && !again:
		return nil
	case err != nil:
		return err
	case gone, r.truncated(info):
		return ErrReplaced
	}
	return nil
}

func (r *Reader) truncated(now fs.FileInfo) bool {
	if !now.Mode().IsRegular() {
		return false
	}
	r.sized = r.sized || r.info.Size() > 0 || now.Size() > 0
	return r.sized && now.Size() < r.stream.read()
}
