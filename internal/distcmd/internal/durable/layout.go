// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"google.golang.org/protobuf/encoding/protowire"
)

// message is the layout of today: one message under one key.
type message struct{}

const (
	stateKey                      = "qmv0"
	writeIndex   protowire.Number = 4 // fixed64: the number of the next item
	dispatched   protowire.Number = 5 // repeated fixed64: items under way
	fixed64Bytes                  = 8
)

func (message) read(ctx context.Context, client storage.Client) (*state, error) {
	stored, err := client.Get(ctx, stateKey)
	if err != nil || len(stored) == 0 {
		return nil, err
	}
	return parseState(stored)
}

func (message) write(q *state) []*storage.Operation {
	encoded := protowire.AppendFixed64(protowire.AppendTag(q.others, writeIndex, protowire.Fixed64Type), q.writeIndex)
	return []*storage.Operation{storage.SetOperation(stateKey, encoded)}
}

func parseState(encoded []byte) (*state, error) {
	q := &state{}
	for len(encoded) > 0 {
		number, kind, headLen := protowire.ConsumeTag(encoded)
		if headLen < 0 {
			return nil, protowire.ParseError(headLen)
		}
		bodyLen := protowire.ConsumeFieldValue(number, kind, encoded[headLen:])
		if bodyLen < 0 {
			return nil, protowire.ParseError(bodyLen)
		}
		if err := q.read(number, kind, encoded[:headLen+bodyLen], headLen); err != nil {
			return nil, err
		}
		encoded = encoded[headLen+bodyLen:]
	}
	return q, nil
}

// read takes up one field, whose value begins after its head.
func (q *state) read(number protowire.Number, kind protowire.Type, field []byte, headLen int) error {
	switch {
	case number != writeIndex && number != dispatched:
		q.others = append(q.others, field...)
	case number == writeIndex && kind == protowire.Fixed64Type:
		q.writeIndex, _ = protowire.ConsumeFixed64(field[headLen:])
	case number == dispatched && kind == protowire.Fixed64Type:
		index, _ := protowire.ConsumeFixed64(field[headLen:])
		q.dispatched = append(q.dispatched, index)
	case number == dispatched && kind == protowire.BytesType:
		packed, _ := protowire.ConsumeBytes(field[headLen:])
		if len(packed)%fixed64Bytes != 0 {
			return fmt.Errorf("field %d has %d bytes", number, len(packed))
		}
		for ; len(packed) > 0; packed = packed[fixed64Bytes:] {
			index, _ := protowire.ConsumeFixed64(packed)
			q.dispatched = append(q.dispatched, index)
		}
	default:
		return fmt.Errorf("field %d has wire type %d", number, kind)
	}
	return nil
}

// legacyKeys is the layout before that, a key for each part. The queue reads it where there is no
// message, and writes it as one.
type legacyKeys struct{}

const (
	readIndexKey  = "ri" // little endian, 8 bytes
	writeIndexKey = "wi" // the same
	dispatchedKey = "di" // their count in 4 bytes, and 8 bytes for each
	countBytes    = 4
)

func (legacyKeys) read(ctx context.Context, client storage.Client) (*state, error) {
	ri, wi, di := storage.GetOperation(readIndexKey), storage.GetOperation(writeIndexKey), storage.GetOperation(dispatchedKey)
	if err := client.Batch(ctx, ri, wi, di); err != nil {
		return nil, err
	}
	if len(di.Value) == 0 {
		return nil, nil
	}
	// Where an index can't be read, the queue begins at 0.
	if len(ri.Value) < fixed64Bytes || len(wi.Value) < fixed64Bytes {
		return nil, errors.New("items are under way in a queue without indexes")
	}
	items, err := parseItems(di.Value)
	return &state{writeIndex: binary.LittleEndian.Uint64(wi.Value), dispatched: items}, err
}

func (legacyKeys) write(q *state) []*storage.Operation {
	return []*storage.Operation{
		storage.SetOperation(writeIndexKey, binary.LittleEndian.AppendUint64(nil, q.writeIndex)),
		storage.DeleteOperation(dispatchedKey),
	}
}

func parseItems(encoded []byte) ([]uint64, error) {
	if len(encoded) < countBytes {
		return nil, errors.New("the list of items under way is cut off")
	}
	count, encoded := uint64(binary.LittleEndian.Uint32(encoded)), encoded[countBytes:]
	if count > uint64(len(encoded)/fixed64Bytes) {
		return nil, errors.New("the list of items under way is cut off")
	}
	items := make([]uint64, count)
	for i := range items {
		items[i] = binary.LittleEndian.Uint64(encoded[i*fixed64Bytes:])
	}
	return items, nil
}
