using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Online;

namespace MlSystem.FeatureStore.Streams;

/// <summary>
/// Takes rows to the online store at once, and to Parquet gathered. While the online store is away the newest row of every entity waits; neither Parquet nor
/// the computation does.
/// </summary>
internal sealed partial class StreamOutput(string view, OnlineStore online, OfflineStore offline, FeatureStoreMetrics metrics, ILogger logger)
{
    /// <summary>One call has one time-out.</summary>
    private const int OnlineRows = 2_000;

    private readonly List<OfflineRow> _offline = [];
    private Dictionary<string, FeatureRow> _online = new(StringComparer.Ordinal);
    private bool _isAway;

    /// <summary>Rows that wait for Parquet.</summary>
    public int Gathered => _offline.Count;

    /// <summary>Whether rows wait for the online store.</summary>
    public bool IsBehind => _online.Count > 0;

    public void Add(int partition, long offset, long nowUs, IReadOnlyList<FeatureRow> rows)
    {
        foreach (var row in rows)
        {
            if (row.Online)
            {
                _online[OnlineKey.Of(row)] = row;
            }

            _offline.Add(new OfflineRow(row, partition, offset, nowUs));
        }
    }

    /// <summary>The entity's row waits no longer for the online store.</summary>
    public void Forget(string onlineKey) => _online.Remove(onlineKey);

    /// <summary>When it completes without the store being away, the rows can be read.</summary>
    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        if (_online.Count == 0)
        {
            return;
        }

        try
        {
            // What was written stays in the dictionary until all is: writing it again changes nothing.
            foreach (var rows in _online.Values.Chunk(OnlineRows))
            {
                await online.WriteAsync(rows, cancellationToken);
                metrics.OnlineRows.Add(rows.Length);
            }

            _online.Clear();
            _isAway = false;
        }
        catch (OnlineStoreException error)
        {
            if (!_isAway)
            {
                LogAway(view, error.Message);
            }

            _isAway = true;
        }
    }

    /// <summary>When it completes all rows so far can be read from Parquet.</summary>
    /// <param name="origin">The steps that made them.</param>
    public async Task StoreAsync(string origin, CancellationToken cancellationToken)
    {
        if (_offline.Count > 0)
        {
            await offline.WriteAsync(_offline, origin, cancellationToken);
            metrics.OfflineRows.Add(_offline.Count);
            _offline.Clear();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rows of stream feature view {View} wait for the online store: {Reason}")]
    private partial void LogAway(string view, string reason);
}
