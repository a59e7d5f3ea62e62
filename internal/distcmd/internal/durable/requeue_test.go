// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/encoding/protowire"
)

const records = 5

// underWay is what the disk of a process holds that is killed while all records are under way.
func underWay(t *testing.T) map[string]string {
	t.Helper()
	d, release := &disk{data: map[string]string{}, lives: -1}, make(chan struct{})
	e := startQueue(t, d, func(string) error { <-release; return nil })
	for i := range records {
		require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(strconv.Itoa(i))))
	}
	synctest.Wait()
	left := d.kill()
	close(release)
	require.NoError(t, e.Shutdown(t.Context()))
	return left
}

// diesAtStart starts a process that is killed after so many transactions, and returns what the
// disk holds then, and whether its process would have had more to do.
func diesAtStart(t *testing.T, data map[string]string, lives int) (left map[string]string, killed bool) {
	t.Helper()
	d, release := &disk{data: maps.Clone(data), lives: lives}, make(chan struct{})
	e := startQueue(t, d, func(string) error { <-release; return nil })
	synctest.Wait()
	killed = d.lives == 0
	left = d.kill()
	close(release)
	require.NoError(t, e.Shutdown(t.Context()))
	return left, killed
}

func delivered(t *testing.T, data map[string]string) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	got := map[string]bool{}
	e := startQueue(t, &disk{data: data, lives: -1}, func(body string) error {
		mu.Lock()
		defer mu.Unlock()
		got[body] = true
		return nil
	})
	synctest.Wait()
	require.NoError(t, e.Shutdown(t.Context()))
	return got
}

// number encodes an index as older releases of upstream stored it.
func number(index uint64) string {
	return string(binary.LittleEndian.AppendUint64(nil, index))
}

// list encodes the list of items under way as older releases of upstream stored it.
func list(items ...uint64) string {
	encoded := binary.LittleEndian.AppendUint32(nil, uint32(len(items)))
	for _, item := range items {
		encoded = binary.LittleEndian.AppendUint64(encoded, item)
	}
	return string(encoded)
}

// legacy is what an older release of upstream would have left on the disk.
func legacy(t *testing.T, data map[string]string) map[string]string {
	t.Helper()
	q, err := parseState([]byte(data[stateKey]))
	require.NoError(t, err)
	data = maps.Clone(data)
	delete(data, stateKey)
	// All are under way, so the next one to read is the next one to write.
	data[readIndexKey], data[writeIndexKey], data[dispatchedKey] = number(q.writeIndex), number(q.writeIndex), list(q.dispatched...)
	return data
}

// layouts are the ways in which upstream's releases leave the same state on the disk.
var layouts = map[string]func(*testing.T, map[string]string) map[string]string{
	"message":     func(_ *testing.T, data map[string]string) map[string]string { return data },
	"legacy keys": legacy,
}

func TestKillAtAnyMomentOfTheStartLosesNothing(t *testing.T) {
	for name, layOut := range layouts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				left := layOut(t, underWay(t))
				for lives, killed := 0, true; killed; lives++ {
					var once map[string]string
					once, killed = diesAtStart(t, left, lives)
					require.Len(t, delivered(t, once), records, "killed after %d transactions", lives)
				}
			})
		})
	}
}

func TestItemsUnderWayAreMovedInOneTransaction(t *testing.T) {
	for name, layOut := range layouts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				left := layOut(t, underWay(t))
				d := &disk{data: left, lives: -1}
				moved, err := requeue(t.Context(), d)
				require.NoError(t, err)
				require.Equal(t, records, moved)
				for i := range records {
					require.NotContains(t, d.data, itemKey(uint64(i)))
					require.NotEmpty(t, d.data[itemKey(uint64(records+i))])
				}
				require.NotContains(t, d.data, dispatchedKey)
				q, err := message{}.read(t.Context(), d)
				require.NoError(t, err)
				require.True(t, q == nil || len(q.dispatched) == 0)
			})
		})
	}
}

// A kill between the removal of an item and that of its number leaves the latter.
func TestItemsThatWereDoneAreNotWrittenBack(t *testing.T) {
	for name, layOut := range layouts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				left := layOut(t, underWay(t))
				delete(left, "1")
				delete(left, "3")
				d := &disk{data: left, lives: -1}
				moved, err := requeue(t.Context(), d)
				require.NoError(t, err)
				require.Equal(t, records-2, moved)
				for key, value := range d.data {
					require.NotEmpty(t, value, key)
				}
				require.NotContains(t, d.data, itemKey(2*records-2), "there is no gap")
				require.Equal(t, map[string]bool{"0": true, "2": true, "4": true}, delivered(t, d.data))
			})
		})
	}
}

func TestQueueWithNothingUnderWayIsLeftAlone(t *testing.T) {
	for name, data := range map[string]map[string]string{
		"empty":                      {},
		"message":                    {stateKey: string(message{}.write(&state{writeIndex: 3})[0].Value), "2": "item"},
		"legacy keys":                {readIndexKey: number(2), writeIndexKey: number(3), "2": "item"},
		"legacy keys, an empty list": {readIndexKey: number(2), writeIndexKey: number(3), dispatchedKey: list(), "2": "item"},
		"message beside legacy keys": {
			stateKey:     string(message{}.write(&state{writeIndex: 3})[0].Value),
			readIndexKey: number(1), writeIndexKey: number(2), dispatchedKey: list(1), "1": "item", "2": "item",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := &disk{data: maps.Clone(data), lives: -1}
			moved, err := requeue(t.Context(), d)
			require.NoError(t, err)
			require.Zero(t, moved)
			require.Equal(t, data, d.data)
		})
	}
}

func TestStateThatIsNotUnderstoodIsLeftAlone(t *testing.T) {
	under := func(fields ...[]byte) map[string]string {
		return map[string]string{stateKey: string(slices.Concat(fields...)), "0": "item", "5": "item"}
	}
	end := protowire.AppendFixed64(protowire.AppendTag(nil, writeIndex, protowire.Fixed64Type), 5)
	for name, data := range map[string]map[string]string{
		"no message":      under([]byte{0xff}),
		"cut off":         under(protowire.AppendTag(nil, writeIndex, protowire.Fixed64Type)),
		"index of a kind": under(protowire.AppendVarint(protowire.AppendTag(nil, writeIndex, protowire.VarintType), 1)),
		"odd list":        under(protowire.AppendBytes(protowire.AppendTag(nil, dispatched, protowire.BytesType), []byte("odd"))),
		"beyond the end":  under(end, protowire.AppendFixed64(protowire.AppendTag(nil, dispatched, protowire.Fixed64Type), 5)),

		"legacy, without indexes":       {dispatchedKey: list(0), "0": "item"},
		"legacy, without a read index":  {writeIndexKey: number(1), dispatchedKey: list(0), "0": "item"},
		"legacy, without a write index": {readIndexKey: number(1), dispatchedKey: list(0), "0": "item"},
		"legacy, a short index":         {readIndexKey: number(1), writeIndexKey: "short", dispatchedKey: list(0), "0": "item"},
		"legacy, no count":              {readIndexKey: number(1), writeIndexKey: number(1), dispatchedKey: "odd", "0": "item"},
		"legacy, cut off":               {readIndexKey: number(2), writeIndexKey: number(2), dispatchedKey: list(0, 1)[:15], "0": "item"},
		"legacy, beyond the end":        {readIndexKey: number(1), writeIndexKey: number(1), dispatchedKey: list(1), "1": "item"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &disk{data: maps.Clone(data), lives: -1}
			_, err := requeue(t.Context(), d)
			require.Error(t, err)
			require.Equal(t, data, d.data)
			_, logged := client(t, d, component.KindExporter)
			require.Equal(t, "Items that were under way are left to the queue to put back", logged[0].Message)
			require.Equal(t, map[string]any{"exporter": "file_storage", "signal": "logs", "error": err.Error()}, logged[0].ContextMap())
			require.Equal(t, data, d.data)
		})
	}
}

// client is what the storage gives to the component of logs, and what it logs about that.
func client(t *testing.T, d *disk, kind component.Kind) (storage.Client, []observer.LoggedEntry) {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	c, err := requeuingStorage{Extension: d, logger: zap.New(core)}.GetClient(t.Context(), kind, component.NewID(fileStorage), "logs")
	require.NoError(t, err)
	return c, logs.All()
}

func TestLogNamesExporterAndSignalOfWhatIsMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, logged := client(t, &disk{data: underWay(t), lives: -1}, component.KindExporter)
		require.Len(t, logged, 1)
		require.Equal(t, "Put items that were under way back into the queue", logged[0].Message)
		require.Equal(t, map[string]any{"exporter": "file_storage", "signal": "logs", "items": int64(records)}, logged[0].ContextMap())
	})
}

func TestStorageOfOtherComponentsIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := underWay(t)
		d := &disk{data: maps.Clone(left), lives: -1}
		_, logged := client(t, d, component.KindReceiver)
		require.Empty(t, logged)
		require.Equal(t, left, d.data)
	})
}

func TestErrorsOfTheStorageArePassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := underWay(t)
		for lives, want := range []string{"read the queue's state: killed", "read items: killed", "move items: killed"} {
			_, err := requeue(t.Context(), &disk{data: maps.Clone(left), lives: lives})
			require.EqualError(t, err, want)
		}
	})
}
