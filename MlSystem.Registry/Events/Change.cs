using MlSystem.Contracts;

namespace MlSystem.Registry.Events;

/// <summary>Begins an event of the registry.</summary>
internal static class Change
{
    public static RegistryEvent By(Caller caller, DateTimeOffset now, string change) => new()
    {
        EventId = Guid.CreateVersion7(now).ToString(),
        Change = change,
        Principal = caller.Name,
        RequestId = caller.RequestId,
        Time = now,
    };
}
