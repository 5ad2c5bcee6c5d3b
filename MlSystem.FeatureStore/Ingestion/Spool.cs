using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Uploads and intermediate results on disk; every file goes away when it is closed, and what a killed process left at the next start.</summary>
public sealed class Spool
{
    private readonly string _folder;
    private readonly long _limit;

    public Spool(DataDirectory data, IOptions<FeatureStoreOptions> options)
    {
        _folder = Path.Combine(data.Own, "spool");
        _limit = options.Value.MaxUploadBytes;
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }

        Directory.CreateDirectory(_folder);
    }

    public string Folder => _folder;

    /// <summary>A path of its own for a file that its user deletes.</summary>
    public string NewPath(string extension) => Path.Combine(_folder, Path.GetRandomFileName() + extension);

    /// <summary>A file that is deleted when it is closed.</summary>
    public FileStream Create(string extension) => new(
        NewPath(extension), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, 64 * 1024, FileOptions.DeleteOnClose | FileOptions.Asynchronous);

    /// <summary>Receives a body into a file that is deleted when it is closed.</summary>
    /// <exception cref="BadHttpRequestException">413: the body is too large.</exception>
    public async Task<FileStream> ReceiveAsync(HttpContext http, string extension, CancellationToken cancellationToken)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = _limit;
        }

        if (http.Request.ContentLength > _limit)
        {
            throw new BadHttpRequestException($"The body has {http.Request.ContentLength} bytes; allowed are {_limit}.", StatusCodes.Status413PayloadTooLarge);
        }

        var file = Create(extension);
        try
        {
            await http.Request.Body.CopyToAsync(file, cancellationToken);
            await file.FlushAsync(cancellationToken);
            file.Position = 0;
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }
}
