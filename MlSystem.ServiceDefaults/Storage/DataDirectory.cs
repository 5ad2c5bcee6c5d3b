using Microsoft.Extensions.Configuration;

namespace MlSystem.ServiceDefaults.Storage;

/// <summary>The folder for embedded stores and artifacts: <c>MlSystem:DataDirectory</c>, default <c>.mlsystem</c> under the working directory.</summary>
public sealed class DataDirectory
{
    private readonly string _service;

    public DataDirectory(IConfiguration configuration, string service)
    {
        _service = service;
        Root = Path.GetFullPath(configuration["MlSystem:DataDirectory"] ?? ".mlsystem");
    }

    /// <summary>The folder shared by all services of this system (the embedded event log lives here).</summary>
    public string Root { get; }

    /// <summary>This service's own folder, created on demand.</summary>
    public string Own => Directory.CreateDirectory(Path.Combine(Root, _service)).FullName;
}
