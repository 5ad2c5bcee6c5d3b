using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions.Documents;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.FeatureStore.Definitions.Folder;

/// <summary>
/// Applies the files of a folder at the start and whenever they change. Where they are wrong, what was applied before stays in force;
/// the mistakes are logged and told by <c>/health</c> until they are repaired.
/// </summary>
public sealed partial class DefinitionFolder(CatalogStore catalog, IOptions<DefinitionFolderOptions> options, TimeProvider time, ILogger<DefinitionFolder> logger)
    : BackgroundService, IStartupTask
{
    private const string Principal = "definitions folder";
    private static readonly string[] Extensions = [".yaml", ".yml", ".json"];

    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _seen;
    private volatile string? _problem;

    public string Name => "definitions folder";

    /// <summary>Why the files are not in force; null: they are, or there is no folder.</summary>
    public string? Problem => _problem;

    /// <summary>Start-up waits for the first attempt, not for its success.</summary>
    Task IStartupTask.RunAsync(CancellationToken cancellationToken) => _tried.Task.WaitAsync(cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Directory is not { } directory)
        {
            _tried.TrySetResult();
            return;
        }

        await catalog.WaitUntilLoadedAsync(stoppingToken);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.ScanSeconds), time);
        do
        {
            await TryApplyAsync(directory, stoppingToken);
            _tried.TrySetResult();
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task TryApplyAsync(string directory, CancellationToken cancellationToken)
    {
        try
        {
            var files = await ReadAsync(directory, cancellationToken);
            var seen = Fingerprint(files);
            if (seen == _seen)
            {
                return;
            }

            await ApplyAsync(files, cancellationToken);
            _seen = seen;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            Report(error.Message);
        }
    }

    /// <summary>Wrong files are not read again before they change; what fails otherwise is tried again.</summary>
    private async Task ApplyAsync(IReadOnlyList<(string Name, byte[] Text)> files, CancellationToken cancellationToken)
    {
        DefinitionDocument? document = null;
        try
        {
            document = DefinitionDocument.Read(files);
            var result = await catalog.ApplyAsync(document.Set, Principal, new ApplyOptions(Prune: options.Value.Prune), cancellationToken);
            _problem = null;
            var changes = result.Plan.Count(change => change.Change != PlannedChange.Unchanged);
            LogApplied(files.Count, changes, result.Revision);
        }
        catch (InvalidDefinitionsException invalid)
        {
            Report(string.Join("; ", (document?.Locate(invalid) ?? invalid).Errors.Select(error => error.Path.Length == 0 ? error.Message : $"{error.Path}: {error.Message}")));
        }
    }

    private static async Task<IReadOnlyList<(string Name, byte[] Text)>> ReadAsync(string directory, CancellationToken cancellationToken)
    {
        var files = new List<(string, byte[])>();
        foreach (var path in Directory.EnumerateFiles(directory).Where(path => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal))
        {
            files.Add((Path.GetFileName(path), await File.ReadAllBytesAsync(path, cancellationToken)));
        }

        return files;
    }

    private static string Fingerprint(IReadOnlyList<(string Name, byte[] Text)> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, text) in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(SHA256.HashData(text));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void Report(string problem)
    {
        if (_problem != problem)
        {
            _problem = problem;
            LogRefused(problem);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Files} files of definitions applied: {Changes} changes, catalog revision {Revision}")]
    private partial void LogApplied(int files, int changes, long revision);

    [LoggerMessage(Level = LogLevel.Error, Message = "The files of definitions are not applied, what was applied before stays in force: {Problem}")]
    private partial void LogRefused(string problem);
}
