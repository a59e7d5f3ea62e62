// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"context"
	"fmt"
	"strconv"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// layout is a way in which exporterhelper's persistent queue keeps its state beside its items,
// which are each under their number.
type layout interface {
	// read returns nil where the storage holds no state in this layout.
	read(ctx context.Context, client storage.Client) (*state, error)
	// write returns what stores a state in which nothing is under way.
	write(*state) []*storage.Operation
}

// state is what the queue knows about itself.
type state struct {
	writeIndex uint64   // the number of the next item
	dispatched []uint64 // items under way
	others     []byte   // what does not matter here, as it is stored
}

// requeue moves the items that were under way when the process ended to the back of the queue,
// and returns how many. It does so in one transaction. The queue itself would first delete them
// all and then write them one by one, so that a kill in between loses the rest.
func requeue(ctx context.Context, client storage.Client) (int, error) {
	for _, layout := range []layout{message{}, legacyKeys{}} {
		q, err := layout.read(ctx, client)
		if err != nil {
			return 0, fmt.Errorf("read the queue's state: %w", err)
		}
		if q != nil {
			return q.requeue(ctx, client, layout)
		}
	}
	return 0, nil
}

func (q *state) requeue(ctx context.Context, client storage.Client, layout layout) (int, error) {
	if len(q.dispatched) == 0 {
		return 0, nil
	}
	items := make([]*storage.Operation, len(q.dispatched))
	for i, index := range q.dispatched {
		if index >= q.writeIndex {
			return 0, fmt.Errorf("read the queue's state: item %d is under way, but the next one is %d", index, q.writeIndex)
		}
		items[i] = storage.GetOperation(itemKey(index))
	}
	if err := client.Batch(ctx, items...); err != nil {
		return 0, fmt.Errorf("read items: %w", err)
	}
	moved := 0
	var moves []*storage.Operation
	for _, item := range items {
		if item.Value == nil {
			continue // It was done, but the state does not say so.
		}
		moves = append(moves, storage.SetOperation(itemKey(q.writeIndex), item.Value), storage.DeleteOperation(item.Key))
		q.writeIndex++
		moved++
	}
	if err := client.Batch(ctx, append(moves, layout.write(q)...)...); err != nil {
		return 0, fmt.Errorf("move items: %w", err)
	}
	return moved, nil
}

func itemKey(index uint64) string { return strconv.FormatUint(index, 10) }
