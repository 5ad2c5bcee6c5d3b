using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Registry.Webhooks;

/// <summary>Keeps the secrets of webhooks encrypted (AES-256-GCM); the key is in a file that only the service's user can read.</summary>
internal sealed class WebhookSecrets(DataDirectory data, IOptions<WebhookOptions> options)
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly Lock _lock = new();
    private byte[]? _key;

    /// <summary>Base64 of nonce, tag and cipher text; bound to the webhook, so that it is of no use in another's row.</summary>
    public string Encrypt(string webhookId, string secret)
    {
        var text = Encoding.UTF8.GetBytes(secret);
        var sealedText = new byte[NonceBytes + TagBytes + text.Length];
        RandomNumberGenerator.Fill(sealedText.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(Key(), TagBytes);
        aes.Encrypt(sealedText.AsSpan(0, NonceBytes), text, sealedText.AsSpan(NonceBytes + TagBytes), sealedText.AsSpan(NonceBytes, TagBytes), Encoding.UTF8.GetBytes(webhookId));
        return Convert.ToBase64String(sealedText);
    }

    public string Decrypt(string webhookId, string stored)
    {
        var sealedText = Convert.FromBase64String(stored);
        var text = new byte[sealedText.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(Key(), TagBytes);
        aes.Decrypt(sealedText.AsSpan(0, NonceBytes), sealedText.AsSpan(NonceBytes + TagBytes), sealedText.AsSpan(NonceBytes, TagBytes), text, Encoding.UTF8.GetBytes(webhookId));
        return Encoding.UTF8.GetString(text);
    }

    private byte[] Key()
    {
        lock (_lock)
        {
            return _key ??= ReadOrMake(options.Value.KeyFile ?? Path.Combine(data.Own, "webhooks.key"));
        }
    }

    private static byte[] ReadOrMake(string file)
    {
        if (!File.Exists(file))
        {
            SecretFile.Make(file, RandomNumberGenerator.GetBytes(KeyBytes));
        }

        var key = File.ReadAllBytes(file);
        return key.Length == KeyBytes ? key : throw new InvalidOperationException($"The webhooks' key file must have {KeyBytes} bytes; it has {key.Length}.");
    }
}
