using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore;
using MlSystem.FeatureStore.Consistency;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Documents;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.Online.Retention;
using MlSystem.ServiceDefaults.Storage;
using StackExchange.Redis;

namespace MlSystem.Benchmarks.FeaturesOnline;

/// <summary>The store's own reader in this process: 100 entities × 250 floats of one view, every value taken out.</summary>
internal sealed class InProcessReads : IAsyncDisposable
{
    private const int Rows = 100;
    private readonly OnlineConnection _connection;
    private readonly OnlineReader _reader;
    private readonly OnlineQuery _query;

    private InProcessReads(OnlineConnection connection, OnlineReader reader, OnlineQuery query) => (_connection, _reader, _query) = (connection, reader, query);

    public static InProcessReads Open(string redis)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:cache", redis)]).Build();
        var options = Options.Create(new FeatureStoreOptions());
        var state = new OnlineState();
        state.TryMarkReady(state.Generation);
        var connection = new OnlineConnection(configuration, new DataDirectory(configuration, "features"), state, options, NullLoggerFactory.Instance);
        var store = new OnlineStore(connection, state, new RowLife(options, TimeProvider.System), tombstones: null!);
        var catalog = CatalogOf(OnlineServers.Definitions);
        var plan = OnlinePlan.OfReferences(catalog, [.. Enumerable.Range(0, OnlineServers.WideFeatures).Select(i => string.Create(CultureInfo.InvariantCulture, $"wide:f{i}"))], fullNames: false);
        var keys = new Dictionary<string, FeatureValue[]>(StringComparer.Ordinal) { ["driver_id"] = [.. Enumerable.Range(0, Rows).Select(id => FeatureValue.Of((long)id))] };

        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        var log = new ReadLog(meters, Options.Create(new ConsistencyOptions()), null!);

        _ = Task.Run(() => TakeSampledAsync(log));

        // The hash is for sensitive columns, tombstones are for writes, and the catalog store is asked only for versions of views that this catalog does not know.
        return new InProcessReads(connection, new OnlineReader(store, null!, log, TimeProvider.System), new OnlineQuery { Views = plan.Views, Columns = plan.Columns, Keys = keys, Rows = Rows });
    }

    /// <returns>Milliseconds of each read.</returns>
    public async Task<double[]> RunAsync(TimeSpan duration)
    {
        var times = new List<double>();
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < duration;)
        {
            var one = Stopwatch.GetTimestamp();
            Sum(await _reader.ReadAsync(_query, CancellationToken.None));
            times.Add(Stopwatch.GetElapsedTime(one).TotalMilliseconds);
        }

        return [.. times];
    }

    /// <summary>The same values as one hash an entity: HMGET of 250 fields, pipelined.</summary>
    public static async Task<double[]> HashesAsync(string redis, TimeSpan duration)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis);
        var database = connection.GetDatabase();
        RedisValue[] fields = [.. Enumerable.Range(0, OnlineServers.WideFeatures).Select(i => (RedisValue)string.Create(CultureInfo.InvariantCulture, $"f{i}"))];
        for (var id = 0; id < Rows; id++)
        {
            await database.HashSetAsync($"bench:{id}", [.. fields.Select(field => new HashEntry(field, 0.25))]);
        }

        var times = new List<double>();
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < duration;)
        {
            var one = Stopwatch.GetTimestamp();
            var read = await Task.WhenAll(Enumerable.Range(0, Rows).Select(id => database.HashGetAsync($"bench:{id}", fields)));
            if (read.Sum(row => row.Sum(value => (double)value)) <= 0)
            {
                throw new InvalidOperationException("The hashes have no values.");
            }

            times.Add(Stopwatch.GetElapsedTime(one).TotalMilliseconds);
        }

        return [.. times];
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <summary>What the service does with sampled reads behind the answers, but for the files.</summary>
    private static async Task TakeSampledAsync(ReadLog log)
    {
        while (await log.WaitAsync(CancellationToken.None))
        {
            log.TryTake(out _);
        }
    }

    private static Catalog CatalogOf(string definitions)
    {
        var set = DefinitionDocument.Read(System.Text.Encoding.UTF8.GetBytes(definitions), DefinitionFormat.Json).Set;
        return ApplyPlanner.Plan(set, Array.Empty<DefinitionRow>(), 1).After;
    }

    private static void Sum(OnlineResult result)
    {
        float sum = 0;
        foreach (var column in result.Query.Columns)
        {
            for (var row = 0; row < Rows; row++)
            {
                if (result.Cell(column, row, out var packed, out var feature, out _) != OnlineStatus.Present)
                {
                    throw new InvalidOperationException("A value is missing.");
                }

                sum += packed.Fp32(feature);
            }
        }

        if (float.IsNaN(sum))
        {
            throw new InvalidOperationException("A value is not a number.");
        }
    }
}
