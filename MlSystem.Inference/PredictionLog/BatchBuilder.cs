using System.Buffers;
using MlSystem.Contracts;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.PredictionLog;

/// <summary>What became of a request that was to join a batch.</summary>
internal enum Joined
{
    Added,

    /// <summary>Added, and the batch is full now.</summary>
    Filled,

    /// <summary>The batch is closed: take the next one.</summary>
    Closed,

    /// <summary>It does not fit behind the others.</summary>
    NoRoom,

    /// <summary>It does not even fit alone.</summary>
    TooLarge,
}

/// <summary>
/// A batch that requests join: their tensors are copied, so that tensors and version are free again at once. Copying the some
/// hundred bytes of a row costs less than handing its tensors to another thread, and the pool of tensors stays small and warm.
/// </summary>
internal sealed class BatchBuilder(BatchKey key, in AnsweredCall first, int maxRequests, int maxBytes)
{
    private readonly Lock _gate = new();
    private LoggedRequest[] _requests = [];
    private int _count;
    private long _encodedBytes = 1000 + (6L * (key.Endpoint.Name.Length + key.Version.Model.Length + key.Variant.Length));
    private bool _closed;

    public BatchKey Key { get; } = key;

    /// <summary>In the order of the version's tensors; null for a column that is not logged.</summary>
    public ColumnBuilder?[] Inputs { get; } = Columns(key.WithInputs ? first.Inputs : [], key.Endpoint.Logging);

    public ColumnBuilder?[] JoinKeys { get; } = Columns(first.JoinKeys, key.Endpoint.Logging);

    public ColumnBuilder?[] Outputs { get; } = Columns(first.Outputs, key.Endpoint.Logging);

    public ReadOnlySpan<LoggedRequest> Requests => _requests.AsSpan(0, _count);

    /// <summary>Bytes that the batch was counted with against the log's bound.</summary>
    public long Bytes { get; private set; }

    /// <param name="bytes">What the request added to <see cref="Bytes"/>.</param>
    public Joined TryAdd(in AnsweredCall call, out long bytes)
    {
        lock (_gate)
        {
            bytes = 0;
            if (_closed)
            {
                return Joined.Closed;
            }

            var before = EncodedBytes();
            var request = new LoggedRequest(in call);
            if (!TryCopy(in call) || EncodedBytes() + request.EncodedBytes > maxBytes)
            {
                Undo();
                return _count == 0 ? Joined.TooLarge : Joined.NoRoom;
            }

            Add(request);
            _encodedBytes += request.EncodedBytes;

            // The copy is smaller than its form in the event, by which it is counted: both are bounded so.
            bytes = EncodedBytes() - before + LoggedRequest.Size;
            Bytes += bytes;
            return _count >= maxRequests ? Joined.Filled : Joined.Added;
        }
    }

    /// <summary>Lets nobody join any more; true for the one caller that closed it.</summary>
    public bool TryClose()
    {
        lock (_gate)
        {
            var open = !_closed;
            _closed = true;
            return open;
        }
    }

    /// <summary>Gives the memory of the copies back.</summary>
    public void Free()
    {
        foreach (var column in (ColumnBuilder?[])[.. Inputs, .. JoinKeys, .. Outputs])
        {
            column?.Data.Free();
        }

        if (_requests.Length > 0)
        {
            ArrayPool<LoggedRequest>.Shared.Return(_requests, clearArray: true);
            (_requests, _count) = ([], 0);
        }
    }

    private void Add(in LoggedRequest request)
    {
        if (_count == _requests.Length)
        {
            var larger = ArrayPool<LoggedRequest>.Shared.Rent(Math.Max(2 * _count, 16));
            Requests.CopyTo(larger);
            if (_count > 0)
            {
                ArrayPool<LoggedRequest>.Shared.Return(_requests, clearArray: true);
            }

            _requests = larger;
        }

        _requests[_count++] = request;
    }

    private bool TryCopy(in AnsweredCall call) =>
        (!Key.WithInputs || TryCopy(Inputs, call.Inputs, call.Rows, false))
        && TryCopy(JoinKeys, call.JoinKeys, call.Rows, false)
        && TryCopy(Outputs, call.Outputs, call.Rows, true);

    private bool TryCopy(ColumnBuilder?[] columns, Tensor[] tensors, int rows, bool all)
    {
        for (var i = 0; i < columns.Length; i++)
        {
            if (columns[i] is { } column && !column.TryAdd(tensors[i], all || tensors[i].IsPresent, rows, maxBytes))
            {
                return false;
            }
        }

        return true;
    }

    private void Undo()
    {
        foreach (var column in (ColumnBuilder?[])[.. Inputs, .. JoinKeys, .. Outputs])
        {
            column?.Undo(_count);
        }
    }

    private long EncodedBytes() => _encodedBytes + EncodedBytes(Inputs) + EncodedBytes(JoinKeys) + EncodedBytes(Outputs);

    private static long EncodedBytes(ColumnBuilder?[] columns)
    {
        long bytes = 0;
        foreach (var column in columns)
        {
            bytes += column?.EncodedBytes ?? 0;
        }

        return bytes;
    }

    private static ColumnBuilder?[] Columns(Tensor[] tensors, EndpointLogging logging) => Array.ConvertAll(tensors, tensor =>
        !logging.SensitiveColumns.Contains(tensor.Info.Name) ? new ColumnBuilder(tensor.Info, hashed: false)
        : logging.SensitiveAction == SensitiveAction.Hash ? new ColumnBuilder(tensor.Info, hashed: true)
        : null);
}
