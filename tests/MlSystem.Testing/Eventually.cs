namespace MlSystem.Testing;

/// <summary>Waits for what other processes do in their own time; a deadline, never a fixed delay.</summary>
public static class Eventually
{
    /// <summary>Polls until the condition holds. Errors while asking (a server that is down) count as not yet.</summary>
    /// <exception cref="TimeoutException">It did not hold in time; tells the last error.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan timeout, string what)
    {
        Exception? last = null;
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start) < timeout;)
        {
            try
            {
                if (await condition())
                {
                    return;
                }

                last = null;
            }
            catch (Exception error)
            {
                last = error;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }

        throw new TimeoutException($"Not within {timeout}: {what}", last);
    }
}
