using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>The read log of this replica: a file of JSON lines for each hour, <c>reads/2026013123.jsonl</c> in the service's data folder.</summary>
public sealed class ReadLogFiles : IDisposable
{
    private const string Extension = ".jsonl";
    private const string Unfinished = ".tmp";
    private readonly string _folder;
    private readonly ConsistencyOptions _options;

    // Appending, removing lines and retention take turns.
    private readonly SemaphoreSlim _gate = new(1);

    public ReadLogFiles(DataDirectory data, IOptions<ConsistencyOptions> options)
    {
        (_folder, _options) = (Path.Combine(data.Own, "reads"), options.Value);
        Directory.CreateDirectory(_folder);
    }

    public async Task AppendAsync(IEnumerable<LoggedRead> reads, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var hour in reads.GroupBy(read => Hour(read.ReadUs)))
            {
                await File.AppendAllLinesAsync(
                    Path.Combine(_folder, hour.Key + Extension), hour.Select(read => JsonSerializer.Serialize(read, LoggedReadJson.Default.LoggedRead)), cancellationToken);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Logged rows of a time, oldest first by the hour; what a killed process left of a line is passed over.</summary>
    /// <param name="fromUs">Inclusive.</param>
    /// <param name="toUs">Exclusive.</param>
    public async IAsyncEnumerable<LoggedRead> ReadAsync(long fromUs, long toUs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (first, last) = (Hour(fromUs), Hour(toUs));
        foreach (var path in Files().Where(path => Path.GetFileNameWithoutExtension(path) is var hour && string.CompareOrdinal(hour, first) >= 0 && string.CompareOrdinal(hour, last) <= 0))
        {
            await foreach (var line in File.ReadLinesAsync(path, cancellationToken))
            {
                if (Read(line) is { } read && read.ReadUs >= fromUs && read.ReadUs < toUs)
                {
                    yield return read;
                }
            }
        }
    }

    /// <summary>Removes logged rows; doing it again removes nothing more.</summary>
    /// <returns>How many were removed.</returns>
    public async Task<long> RemoveAsync(Func<LoggedRead, bool> which, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            long removed = 0;
            foreach (var path in Files())
            {
                var lines = await File.ReadAllLinesAsync(path, cancellationToken);
                string[] kept = [.. lines.Where(line => Read(line) is { } read && !which(read))];
                var gone = lines.Count(line => Read(line) is { } read && which(read));
                if (gone > 0)
                {
                    await File.WriteAllLinesAsync(path + Unfinished, kept, cancellationToken);
                    File.Move(path + Unfinished, path, overwrite: true);
                    removed += gone;
                }
            }

            return removed;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Removes what is too old or too much.</summary>
    public async Task RetainAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var oldest = Hour(UnixTime.Microseconds(now - TimeSpan.FromDays(_options.RetentionDays)));
            var bytes = 0L;
            foreach (var file in Files().Reverse().Select(path => new FileInfo(path)))
            {
                bytes += file.Length;
                if (string.CompareOrdinal(Path.GetFileNameWithoutExtension(file.Name), oldest) < 0 || bytes > _options.MaxMiB * 1024L * 1024)
                {
                    file.Delete();
                }
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private static string Hour(long us) =>
        (us <= UnixTime.Microseconds(DateTimeOffset.MinValue) ? DateTimeOffset.MinValue : us >= UnixTime.Microseconds(DateTimeOffset.MaxValue) ? DateTimeOffset.MaxValue : UnixTime.FromMicroseconds(us))
        .ToString("yyyyMMddHH", CultureInfo.InvariantCulture);

    private IEnumerable<string> Files() => Directory.EnumerateFiles(_folder, "*" + Extension).Order(StringComparer.Ordinal);

    private static LoggedRead? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, LoggedReadJson.Default.LoggedRead);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
