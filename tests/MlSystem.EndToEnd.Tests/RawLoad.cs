namespace MlSystem.EndToEnd.Tests;

/// <summary>Callers that send predictions with every column, one after the other, until they are told to end.</summary>
internal sealed class RawLoad
{
    private const int Callers = 4;
    private readonly HttpClient _client;
    private readonly Task<int>[] _callers;
    private volatile bool _ended;

    public RawLoad(HttpClient client)
    {
        _client = client;
        _callers = [.. Enumerable.Range(0, Callers).Select(PredictAsync)];
    }

    /// <summary>Ends the load; fails with the first prediction that failed.</summary>
    /// <returns>Predictions that were answered.</returns>
    public async Task<int> EndAsync()
    {
        _ended = true;
        return (await Task.WhenAll(_callers)).Sum();
    }

    private async Task<int> PredictAsync(int row)
    {
        var answered = 0;
        while (!_ended)
        {
            await Inference.PostAsync(_client, "churn", ChurnRows.RawRequest(row));
            answered++;
        }

        return answered;
    }
}
