using Cri.ImageService.Layers;

namespace Cri.ImageService.Integrity;

/// <summary>
/// After the machine went down under the server, looks at every file of every layer in the background: whether it is there and
/// as long as its archive says. What is damaged is taken out of use, as by <see cref="ImageVerification"/>.
/// </summary>
public sealed class PowerCutScan : IDisposable
{
    private readonly ImageStore _images;
    private readonly LayerStore _layers;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _scan;

    private PowerCutScan(ImageStore images, LayerStore layers)
    {
        _images = images;
        _layers = layers;
        _scan = layers.IsAfterPowerCut ? Task.Run(RunAsync) : Task.CompletedTask;
    }

    /// <summary>Begins; there is nothing to do unless the machine went down.</summary>
    public static PowerCutScan Start(ImageStore images, LayerStore layers) => new(images, layers);

    /// <summary>Completes when everything has been looked at.</summary>
    public Task Completion => _scan;

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        ((Task)_scan).ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        foreach (var layer in _layers.All)
        {
            await using var lease = _layers.TryLease([layer.Name]);
            if (lease is not null && FindDamage(layer) is { } why)
            {
                await _images.RetireAsync(layer, why, _stop.Token);
            }
        }
    }

    private string? FindDamage(Layer layer)
    {
        try
        {
            return LayerScan.FindDamage(_layers.LayerPath(layer.Name), _stop.Token);
        }
        catch (LayerFormatException)
        {
            // A layer without a recipe, of an older version: nothing is known of it.
            return null;
        }
        catch (IOException error)
        {
            return error.Message;
        }
    }
}
