using Microsoft.Extensions.Hosting;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>An application that never starts and that nothing may stop.</summary>
internal sealed class TestLifetime : IHostApplicationLifetime, IDisposable
{
    private readonly CancellationTokenSource _never = new();

    public CancellationToken ApplicationStarted => _never.Token;

    public CancellationToken ApplicationStopping => _never.Token;

    public CancellationToken ApplicationStopped => _never.Token;

    public void StopApplication() => throw new InvalidOperationException("Nothing may stop the application.");

    public void Dispose() => _never.Dispose();
}
