using System.Globalization;
using Amazon.S3;
using Azure.Storage.Blobs;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Support;

/// <summary>A store of blobs that a registry is configured for.</summary>
public abstract class ObjectStore : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private ServerProcess? _server;

    /// <summary>Why there is none here; null when it runs.</summary>
    public string? Missing { get; private set; }

    public RegistryApp App { get; private set; } = null!;

    protected string Port { get; } = FreePort.Next().ToString(CultureInfo.InvariantCulture);

    protected string Address => $"http://127.0.0.1:{Port}";

    protected string Folder => _folder.Path;

    public virtual (string Key, string Value)[] Settings => [];

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether the registry reaches the server through <see cref="Proxy"/>.</summary>
    public bool BehindProxy { get; init; }

    internal SilentProxy? Proxy { get; private set; }

    /// <summary>The server as the registry knows it.</summary>
    protected string Seen => Proxy?.Url ?? Address;

    public async ValueTask InitializeAsync()
    {
        (_server, Missing) = await StartServerAsync();
        if (Missing is null)
        {
            await PrepareAsync();
            Proxy = BehindProxy ? new(int.Parse(Port, CultureInfo.InvariantCulture)) : null;
            App = await RegistryApp.StartAsync(Time, [.. Settings, ("Registry:Artifacts:CollectAfterHours", "0"), ("Registry:Artifacts:CacheMb", "1")]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (App is not null)
        {
            await App.DisposeAsync();
        }

        if (Proxy is not null)
        {
            await Proxy.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _folder.Dispose();
    }

    /// <summary>The server is gone from here on.</summary>
    public Task KillServerAsync() => _server!.KillAsync();

    /// <summary>The server is told to end, by SIGTERM, and has ended when this returns.</summary>
    public async Task StopServerAsync()
    {
        await _server!.TerminateAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await _server.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            // Some wait for their connections to end.
            await _server.KillAsync();
        }
    }

    /// <summary>It is there again; what it had may be lost (Azurite writes its catalogue every few seconds).</summary>
    public async Task RestartServerAsync()
    {
        (_server, _) = await StartServerAsync();
        await PrepareAsync();
    }

    protected virtual Task<(ServerProcess? Server, string? Missing)> StartServerAsync() => Task.FromResult<(ServerProcess?, string?)>((null, null));

    /// <summary>Makes the bucket or container where there is none.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;
}

public sealed class LocalObjectStore : ObjectStore;

/// <summary>npm's <c>s3rver</c>.</summary>
public sealed class S3ObjectStore : ObjectStore
{
    private const string Key = "S3RVER";

    public override (string Key, string Value)[] Settings =>
    [
        ("Registry:Artifacts:Store", "s3"), ("Registry:Artifacts:S3:Bucket", "models"), ("Registry:Artifacts:S3:Endpoint", Seen), ("Registry:Artifacts:S3:PathStyle", "true"),
        ("Registry:Artifacts:S3:AccessKey", Key), ("Registry:Artifacts:S3:SecretKey", Key),
    ];

    protected override async Task<(ServerProcess? Server, string? Missing)> StartServerAsync()
    {
        var (script, missing) = await NodeServers.FindAsync("s3rver", "bin/s3rver.js");
        if (script is null)
        {
            return (null, missing);
        }

        var server = await NodeServers.StartAsync(script, ["-d", Folder, "-a", "127.0.0.1", "-p", Port, "-s"], new Uri(Address));
        return (server, null);
    }

    protected override async Task PrepareAsync()
    {
        using var client = new AmazonS3Client(Key, Key, new AmazonS3Config { ServiceURL = Address, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        if (!(await client.ListBucketsAsync()).Buckets?.Exists(bucket => bucket.BucketName == "models") ?? true)
        {
            await client.PutBucketAsync("models");
        }
    }
}

/// <summary>npm's <c>azurite</c>.</summary>
public sealed class AzureObjectStore : ObjectStore
{
    // Azurite's well-known account.
    private static string ConnectionString(string address) =>
        $"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint={address}/devstoreaccount1;";

    public override (string Key, string Value)[] Settings =>
        [("Registry:Artifacts:Store", "azure"), ("Registry:Artifacts:Azure:ConnectionString", ConnectionString(Seen)), ("Registry:Artifacts:Azure:Container", "models")];

    protected override async Task<(ServerProcess? Server, string? Missing)> StartServerAsync()
    {
        var (script, missing) = await NodeServers.FindAsync("azurite", "dist/src/blob/main.js");
        if (script is null)
        {
            return (null, missing);
        }

        var server = await NodeServers.StartAsync(script, ["--location", Folder, "--blobPort", Port, "--silent", "--skipApiVersionCheck", "--disableTelemetry"], new Uri(Address));
        return (server, null);
    }

    protected override Task PrepareAsync() => new BlobServiceClient(ConnectionString(Address)).GetBlobContainerClient("models").CreateIfNotExistsAsync();
}
