// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"context"
	"fmt"
	"strconv"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"google.golang.org/protobuf/encoding/protowire"
)

// How exporterhelper's persistent queue lays out its state: one message under one key, and
// every item under its number.
const (
	stateKey                      = "qmv0"
	writeIndex   protowire.Number = 4 // fixed64: the number of the next item
	dispatched   protowire.Number = 5 // repeated fixed64: items under way
	fixed64Bytes                  = 8
)

// requeue moves the items that were under way when the process ended to the back of the queue,
// and returns how many. It does so in one transaction. The queue itself would first delete them
// all and then write them one by one, so that a kill in between loses the rest.
func requeue(ctx context.Context, client storage.Client) (int, error) {
	stored, err := client.Get(ctx, stateKey)
	if err != nil {
		return 0, fmt.Errorf("read the queue's state: %w", err)
	}
	q, err := parseState(stored)
	if err != nil {
		return 0, fmt.Errorf("understand the queue's state: %w", err)
	}
	if len(q.dispatched) == 0 {
		return 0, nil
	}
	items := make([]*storage.Operation, len(q.dispatched))
	for i, index := range q.dispatched {
		items[i] = storage.GetOperation(itemKey(index))
	}
	if err := client.Batch(ctx, items...); err != nil {
		return 0, fmt.Errorf("read items: %w", err)
	}
	moved := 0
	var moves []*storage.Operation
	for _, item := range items {
		if item.Value == nil {
			continue // It was done, but the state does not tell.
		}
		moves = append(moves, storage.SetOperation(itemKey(q.writeIndex), item.Value), storage.DeleteOperation(item.Key))
		q.writeIndex++
		moved++
	}
	if err := client.Batch(ctx, append(moves, storage.SetOperation(stateKey, q.marshal()))...); err != nil {
		return 0, fmt.Errorf("move items: %w", err)
	}
	return moved, nil
}

func itemKey(index uint64) string { return strconv.FormatUint(index, 10) }

// state is what the queue knows about itself. Fields that do not matter here stay as they are.
type state struct {
	writeIndex uint64
	dispatched []uint64
	others     []byte
}

func parseState(encoded []byte) (state, error) {
	var s state
	for len(encoded) > 0 {
		number, kind, headLen := protowire.ConsumeTag(encoded)
		if headLen < 0 {
			return state{}, protowire.ParseError(headLen)
		}
		bodyLen := protowire.ConsumeFieldValue(number, kind, encoded[headLen:])
		if bodyLen < 0 {
			return state{}, protowire.ParseError(bodyLen)
		}
		if err := s.read(number, kind, encoded[:headLen+bodyLen], headLen); err != nil {
			return state{}, err
		}
		encoded = encoded[headLen+bodyLen:]
	}
	return s, nil
}

// read takes up one field, whose value begins after its head.
func (s *state) read(number protowire.Number, kind protowire.Type, field []byte, headLen int) error {
	switch {
	case number != writeIndex && number != dispatched:
		s.others = append(s.others, field...)
	case number == writeIndex && kind == protowire.Fixed64Type:
		s.writeIndex, _ = protowire.ConsumeFixed64(field[headLen:])
	case number == dispatched && kind == protowire.Fixed64Type:
		index, _ := protowire.ConsumeFixed64(field[headLen:])
		s.dispatched = append(s.dispatched, index)
	case number == dispatched && kind == protowire.BytesType:
		packed, _ := protowire.ConsumeBytes(field[headLen:])
		if len(packed)%fixed64Bytes != 0 {
			return fmt.Errorf("field %d has %d bytes", number, len(packed))
		}
		for ; len(packed) > 0; packed = packed[fixed64Bytes:] {
			index, _ := protowire.ConsumeFixed64(packed)
			s.dispatched = append(s.dispatched, index)
		}
	default:
		return fmt.Errorf("field %d has wire type %d", number, kind)
	}
	return nil
}

// marshal encodes a state in which nothing is under way.
func (s *state) marshal() []byte {
	return protowire.AppendFixed64(protowire.AppendTag(s.others, writeIndex, protowire.Fixed64Type), s.writeIndex)
}
