// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
)

// cursor is how far the log has been read and its events delivered.
type cursor struct {
	BootID   string `json:"boot_id"`
	Known    bool   `json:"known"` // Sequence has been read
	Sequence uint64 `json:"sequence"`

	// Head and End are of a file: by which beginning it is recognised, and where the last record ends. Sequence numbers of another file
	// start over.
	Head string `json:"head,omitempty"`
	End  int64  `json:"end,omitempty"`

	// Open has the records that began reports which went on.
	Open []uint64 `json:"open,omitempty"`

	// Crashes are the files of crashes that have been reported.
	Crashes []string `json:"crashes,omitempty"`
}

// first returns the first record that has to be read.
func (c cursor) first() uint64 {
	if len(c.Open) == 0 {
		return c.Sequence + 1
	}
	return slices.Min(c.Open)
}

// behind says whether a record comes after all that the cursor has.
func (c cursor) behind(record *kmsg.Record) bool {
	return record.Sequence > c.Sequence || record.End > c.End
}

const cursorKey = "cursor"

// store keeps the cursor over restarts. One without a client keeps nothing.
type store struct{ client storage.Client }

func (s *store) load(ctx context.Context) (cursor, error) {
	if s.client == nil {
		return cursor{}, nil
	}
	content, err := s.client.Get(ctx, cursorKey)
	if err != nil || content == nil {
		return cursor{}, err
	}
	var c cursor
	if err := json.Unmarshal(content, &c); err != nil {
		return cursor{}, fmt.Errorf("read stored cursor: %w", err)
	}
	return c, nil
}

func (s *store) save(ctx context.Context, c cursor) error {
	if s.client == nil {
		return nil
	}
	content, err := json.Marshal(c)
	return errors.Join(err, s.client.Set(ctx, cursorKey, content))
}

func (s *store) close(ctx context.Context) {
	if s != nil && s.client != nil {
		_ = s.client.Close(ctx)
	}
}

func readBootID() string {
	content, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}
