using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Training.Data;
using MlSystem.Training.Runs;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Sources;

/// <summary>Files that pipelines may read: below the folder of sources, else below that of samples.</summary>
public sealed class SourceFiles(IOptions<RunOptions> options, DataDirectory data)
{
    private string Folder => options.Value.SourceDirectory ?? Path.Combine(data.Root, "sources");

    /// <exception cref="StepFailedException">There is no such file, or it is no table.</exception>
    public async Task<RowTable> ReadAsync(string relative, CancellationToken cancellationToken)
    {
        var path = Find(relative);
        try
        {
            return Path.GetExtension(path) == ".parquet" ? await ParquetTable.ReadAsync(path, cancellationToken) : RowTable.ReadCsvFile(path);
        }
        catch (Exception error) when (error is IOException or RowTableException or UnauthorizedAccessException or FormatException or NotSupportedException)
        {
            throw new StepFailedException($"The file '{relative}' cannot be read: {error.Message}");
        }
    }

    /// <summary>The full path; a link that leads out of its folder is no file of it.</summary>
    private string Find(string relative)
    {
        foreach (var folder in new[] { Folder, options.Value.SamplesDirectory }.Select(Path.GetFullPath))
        {
            var file = new FileInfo(Path.Combine(folder, relative));
            if (file.Exists && Path.GetFullPath(file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName).StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                return file.FullName;
            }
        }

        throw new StepFailedException($"There is no file '{relative}' in {Folder}, the folder of sources, nor in that of samples.");
    }
}
